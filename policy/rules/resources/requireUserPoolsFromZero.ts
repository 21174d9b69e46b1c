import type { ResourceRule } from "../resourceRule";
import { nodePoolTypes, userPools } from "../nodePools";

/** User pools of AKS cost nothing while nothing runs on them. */
export const requireUserPoolsFromZero: ResourceRule = {
  name: "mlplatform-aks-require-user-pools-from-zero",
  description: "User node pools scale from zero nodes.",
  types: Object.values(nodePoolTypes),
  subject: "user node pools of AKS",
  validate({ type, name, props }) {
    const pools = userPools(type, name, props);
    if (pools.length === 0) {
      return undefined;
    }
    return pools.flatMap(({ name: pool, pool: { enableAutoScaling, minCount } }) => {
      if (enableAutoScaling !== true) {
        return [
          `Node pool "${pool}" has no autoscaler: set enableAutoScaling to true and minCount to 0.`,
        ];
      }
      if (minCount === 0) {
        return [];
      }
      return [
        `Node pool "${pool}" keeps ${minCount ?? "an unset number of"} nodes while idle: set ` +
          "minCount to 0.",
      ];
    });
  },
};
