import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { NodePoolKind } from "../connections";

/** A toleration of a pod. */
export interface PodToleration {
  key: string;
  operator: string;
  value?: string;
  effect: string;
}

/** Where pods may run. Empty on clusters whose nodes the platform does not own. */
export interface Placement {
  /** Labels that a node must carry. */
  nodeSelector: Record<string, string>;
  /** Taints that the pods accept. */
  tolerations: PodToleration[];
}

/** A node taint, and the toleration that accepts it. */
export interface PoolTaint {
  key: string;
  value: string;
  effect: string;
}

/** Runs anywhere: for clusters whose nodes the platform does not own. */
export const anywhere: Placement = { nodeSelector: {}, tolerations: [] };

/**
 * Taints of each kind of pool. `CriticalAddonsOnly` and the spot taint are AKS's own
 * (https://learn.microsoft.com/azure/aks/use-system-pools, …/spot-node-pool).
 */
export const poolTaints: Record<NodePoolKind, PoolTaint[]> = {
  [NodePoolKind.System]: [{ key: "CriticalAddonsOnly", value: "true", effect: "NoSchedule" }],
  [NodePoolKind.Cpu]: [],
  [NodePoolKind.Gpu]: [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }],
  [NodePoolKind.Spot]: [
    { key: "kubernetes.azure.com/scalesetpriority", value: "spot", effect: "NoSchedule" },
  ],
};

/** Where pods meant for one kind of pool run: on that pool and on no other. */
export function placementOn(kind: NodePoolKind): Placement {
  return {
    nodeSelector: { [platformLabels.pool]: kind },
    tolerations: poolTaints[kind].map((taint) => ({ operator: "Equal", ...taint })),
  };
}
