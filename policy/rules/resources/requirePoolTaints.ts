import type { ResourceRule } from "../resourceRule";
import { nodePoolTypes, repels, specialty, userPools } from "../nodePools";

/** A pod that needs no GPU, or no cheap node, must not keep one from going away. */
export const requirePoolTaints: ResourceRule = {
  name: "mlplatform-aks-require-pool-taints",
  description: "GPU and spot pools are tainted.",
  types: Object.values(nodePoolTypes),
  subject: "GPU and spot pools of AKS",
  validate({ type, name, props }) {
    const special = userPools(type, name, props).filter(({ pool }) => specialty(pool));
    if (special.length === 0) {
      return undefined;
    }
    return special
      .filter(({ pool }) => !(pool.nodeTaints ?? []).some(repels))
      .map(
        ({ name: poolName, pool }) =>
          `Node pool "${poolName}" has ${specialty(pool)} nodes and the taints ` +
          `${JSON.stringify(pool.nodeTaints ?? [])}: add one with the effect NoSchedule to ` +
          "nodeTaints.",
      );
  },
};
