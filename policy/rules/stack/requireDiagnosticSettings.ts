import type { PolicyResource } from "@pulumi/policy";
import type { StackRule } from "../resourceRule";
import { nodePoolTypes } from "../nodePools";

interface LogSettings {
  category?: string;
  categoryGroup?: string;
  enabled?: boolean;
}

/** Logs of a control plane that show who did what. */
const auditLogs = ["kube-audit", "kube-audit-admin", "audit", "allLogs"];
const destinations = ["workspaceId", "storageAccountId", "eventHubAuthorizationRuleId"];

/** What the control plane of a cluster did can be read afterwards. */
export const requireDiagnosticSettings: StackRule = {
  name: "mlplatform-aks-require-diagnostic-settings",
  description: "Clusters send their audit log away.",
  *validate({ resources, notApplicable }) {
    const clusters = resources.filter(({ type }) => type === nodePoolTypes.managedCluster);
    if (clusters.length === 0) {
      return notApplicable("no AKS cluster");
    }
    const settings = resources.filter(
      ({ type }) => type === "azure-native:monitor:DiagnosticSetting",
    );
    for (const { name, urn } of clusters) {
      // The cluster's id is unknown before it is made; what the setting refers to is not.
      const own = settings.filter(({ propertyDependencies }) =>
        (propertyDependencies.resourceUri ?? []).some((dependency) => dependency.urn === urn),
      );
      if (own.some(sendsAudit)) {
        continue;
      }
      const found = own.length === 0 ? "no DiagnosticSetting" : "none that sends an audit log away";
      const message =
        `Cluster "${name}" has ${found}: add one with the category kube-audit-admin enabled ` +
        "and a workspaceId or storageAccountId.";
      yield { name, urn, message };
    }
  },
};

function sendsAudit({ props }: PolicyResource): boolean {
  const logs: LogSettings[] = props.logs ?? [];
  return (
    // Only whether it is there: the id is unknown in a preview.
    destinations.some((destination) => destination in props) &&
    logs.some(
      ({ category, categoryGroup, enabled }) =>
        enabled === true && auditLogs.includes(category ?? categoryGroup ?? ""),
    )
  );
}
