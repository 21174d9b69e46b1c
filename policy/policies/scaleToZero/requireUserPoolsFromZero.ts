import type { ResourceValidationPolicy } from "@pulumi/policy";
import { exemptionsProperty, skipExempt } from "../../exemptions";

const agentPool = "azure-native:containerservice:AgentPool";
const managedCluster = "azure-native:containerservice:ManagedCluster";

interface PoolProperties {
  name?: string;
  mode?: string;
  enableAutoScaling?: boolean;
  minCount?: number;
}

/**
 * User pools of AKS cost nothing while nothing runs on them. System pools cannot be empty
 * (https://learn.microsoft.com/azure/aks/use-system-pools), and pools that node auto-provisioning
 * makes start from zero by themselves, so neither is looked at.
 */
export const requireUserPoolsFromZero: ResourceValidationPolicy = {
  name: "mlplatform-aks-require-user-pools-from-zero",
  description: "User node pools scale from zero nodes.",
  configSchema: { properties: exemptionsProperty },
  validateResource: (args, reportViolation) => {
    if (args.type !== agentPool && args.type !== managedCluster) {
      return args.notApplicable("only AKS node pools");
    }
    skipExempt(args);
    const pools: PoolProperties[] =
      args.type === agentPool ? [args.props] : (args.props.agentPoolProfiles ?? []);
    const userPools = pools.filter((pool) => (pool.mode ?? "User") === "User");
    if (userPools.length === 0) return args.notApplicable("no user pool");
    for (const pool of userPools) {
      const name = args.type === agentPool ? args.name : (pool.name ?? args.name);
      if (pool.enableAutoScaling !== true) {
        reportViolation(
          `Node pool "${name}" has no autoscaler: set enableAutoScaling to true and minCount to 0.`,
        );
      } else if (pool.minCount !== 0) {
        reportViolation(
          `Node pool "${name}" keeps ${pool.minCount ?? "an unset number of"} nodes while idle: set minCount to 0.`,
        );
      }
    }
  },
};
