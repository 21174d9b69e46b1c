import { countNodePools, makesCluster } from "./nodePools";
import { countPodRequests } from "./podRequests";
import { type Capacity, type NodeTotals, type VmSizes, add, nothing } from "./types";
import { countVolumes } from "./volumes";
import type { PreviewResource } from "../engine/programRun";

/**
 * What the resources of a stack hold at zero and at full load. Everything comes from the inputs
 * that the program registered; what they do not say is named in `uncounted` and left out of sums.
 *
 * @param vmSizes what each virtual machine size holds.
 */
export function computeCapacity(resources: PreviewResource[], vmSizes: VmSizes): Capacity {
  const ownsNodes = makesCluster(resources);
  const { pools, disks: nodeDisks, uncounted } = countNodePools(resources, vmSizes);
  const volumes = countVolumes(resources);
  const total = (load: "zero" | "full"): NodeTotals => ({
    nodes: pools.reduce((sum, pool) => sum + pool[load].nodes, 0),
    ...pools.reduce((sum, pool) => add(sum, pool[load]), nothing),
  });
  const capacity: Capacity = {
    ownsNodes,
    pools,
    nodes: { zero: total("zero"), full: total("full") },
    disks: [...nodeDisks, ...volumes.disks],
    uncounted: [...uncounted, ...volumes.uncounted],
  };
  if (!ownsNodes) {
    const { zero, full, uncounted: pods } = countPodRequests(resources);
    capacity.requests = { zero, full };
    capacity.uncounted.push(...pods);
  }
  return capacity;
}
