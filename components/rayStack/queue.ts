import { partOfPlatform } from "@mlplatform/contracts/platformLabels";
import { NodePoolKind } from "../connections";
import { placementOn, poolTaints } from "../kubernetes/placement";

/** What decides flavors and quota. */
export interface QueueSettings {
  /** vCPU per flavor. */
  cpuQuota: number;
  /** GiB of memory per flavor. */
  memoryQuotaGiB: number;
  /** GPUs; zero leaves the GPU flavor out. */
  gpuQuota: number;
  /** Whether there is a spot pool. */
  spot: boolean;
  /** Whether nodes carry the platform's pool labels and taints. */
  pooledNodes: boolean;
}

/** Extended resource that NVIDIA's device plugin reports. */
const gpuResource = "nvidia.com/gpu";

/**
 * Pools that queued work may run on, in the order in which Kueue tries them: spot first, because a
 * job that tolerates it should take the cheaper nodes; GPU last.
 */
export function queuedPools(settings: QueueSettings): NodePoolKind[] {
  return [
    ...(settings.spot ? [NodePoolKind.Spot] : []),
    NodePoolKind.Cpu,
    ...(settings.gpuQuota > 0 ? [NodePoolKind.Gpu] : []),
  ];
}

/**
 * Spec of a pool's ResourceFlavor. The flavor repeats the pool's taints and adds no toleration:
 * Kueue then gives the flavor only to jobs that tolerate them, so that no plain CPU job wakes a GPU
 * node or lands on one that may be evicted.
 */
export function flavorSpec(pool: NodePoolKind, pooledNodes: boolean): Record<string, unknown> {
  if (!pooledNodes) {
    return {};
  }
  return {
    nodeLabels: placementOn(pool).nodeSelector,
    ...(poolTaints[pool].length > 0 ? { nodeTaints: poolTaints[pool] } : {}),
  };
}

/** Spec of the ClusterQueue that all teams' LocalQueues point to. */
export function clusterQueueSpec(
  settings: QueueSettings,
  flavorName: (pool: NodePoolKind) => string,
): Record<string, unknown> {
  const hasGpu = settings.gpuQuota > 0;
  return {
    namespaceSelector: { matchLabels: partOfPlatform },
    queueingStrategy: "BestEffortFIFO",
    preemption: { withinClusterQueue: "LowerPriority" },
    flavorFungibility: { whenCanBorrow: "MayStopSearch", whenCanPreempt: "TryNextFlavor" },
    // One group: Kueue picks a single flavor for all resources of a pod, and a pod cannot be on the
    // nodes of two pools.
    resourceGroups: [
      {
        coveredResources: ["cpu", "memory", ...(hasGpu ? [gpuResource] : [])],
        flavors: queuedPools(settings).map((pool) => ({
          name: flavorName(pool),
          resources: [
            { name: "cpu", nominalQuota: `${settings.cpuQuota}` },
            { name: "memory", nominalQuota: `${settings.memoryQuotaGiB}Gi` },
            ...(hasGpu
              ? [
                  {
                    name: gpuResource,
                    nominalQuota: pool === NodePoolKind.Gpu ? `${settings.gpuQuota}` : "0",
                  },
                ]
              : []),
          ],
        })),
      },
    ],
  };
}
