import type { ResourceRule } from "../resourceRule";
import { nodePoolTypes } from "../nodePools";

const registry = "azure-native:containerregistry:Registry";

/**
 * Who acts is a person or a workload of Microsoft Entra, never a shared certificate or password.
 */
export const disallowLocalAccounts: ResourceRule = {
  name: "mlplatform-azure-disallow-local-accounts",
  description: "Clusters and registries have no local accounts.",
  types: [nodePoolTypes.managedCluster, registry],
  subject: "AKS clusters and container registries",
  *validate({ type, name, props }) {
    if (type === registry) {
      if (props.adminUserEnabled === true) {
        yield (
          `Registry "${name}" has adminUserEnabled true: remove it and grant AcrPull to an ` +
          "identity."
        );
      }
      return;
    }
    if (props.disableLocalAccounts !== true) {
      yield (
        `Cluster "${name}" has disableLocalAccounts ${props.disableLocalAccounts ?? "unset"}: ` +
        "set it to true."
      );
    }
  },
};
