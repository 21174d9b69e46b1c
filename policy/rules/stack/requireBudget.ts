import type { StackRule } from "../resourceRule";
import { nodePoolTypes } from "../nodePools";

interface Notification {
  enabled?: boolean;
  contactEmails?: string[];
}

/** Somebody is told before a cluster costs more than was agreed. */
export const requireBudget: StackRule = {
  name: "mlplatform-azure-require-budget",
  description: "A stack with a cluster has a budget that warns somebody.",
  *validate({ resources, notApplicable }) {
    const cluster = resources.find(({ type }) => type === nodePoolTypes.managedCluster);
    if (cluster === undefined) {
      return notApplicable("no AKS cluster");
    }
    const budgets = resources.filter(({ type }) => type === "azure-native:consumption:Budget");
    if (budgets.length === 0) {
      yield {
        name: cluster.name,
        urn: cluster.urn,
        message: `Cluster "${cluster.name}" has no budget in its stack: add a consumption.Budget.`,
      };
    }
    for (const { name, urn, props } of budgets) {
      const notifications = Object.values<Notification>(props.notifications ?? {});
      const warns = ({ enabled, contactEmails }: Notification) =>
        enabled === true && (contactEmails ?? []).length > 0;
      if (notifications.some(warns)) {
        continue;
      }
      const message =
        `Budget "${name}" warns nobody: ` + "add an enabled notification with contactEmails.";
      yield { name, urn, message };
    }
  },
};
