import type { PreviewResource } from "../engine/programRun";
import { at, countOf, label, listOf } from "./readInputs";
import { type Compute, type DiskCapacity, DiskKind, type NodeTotals } from "./types";
import { type PoolCapacity, type VmSizes, times } from "./types";

const clusterType = "azure-native:containerservice:ManagedCluster";
const poolType = "azure-native:containerservice:AgentPool";

/** Node pools of the AKS clusters of a stack, and the disks their nodes start from. */
export interface NodePools {
  pools: PoolCapacity[];
  disks: DiskCapacity[];
  uncounted: string[];
}

/** Whether the stack makes its own cluster. */
export function makesCluster(resources: PreviewResource[]): boolean {
  return resources.some((resource) => resource.type === clusterType);
}

/** Counts the pools inside clusters and those beside them. */
export function countNodePools(resources: PreviewResource[], vmSizes: VmSizes): NodePools {
  const found: NodePools = { pools: [], disks: [], uncounted: [] };
  for (const resource of resources) {
    if (resource.type === clusterType) {
      for (const profile of listOf(resource.inputs.agentPoolProfiles)) {
        countPool(found, profile, profile.name ?? resource.name, vmSizes);
      }
      if (at(resource.inputs, "nodeProvisioningProfile", "mode") === "Auto") {
        found.uncounted.push(`${label(resource)}: nodes that auto-provisioning adds`);
      }
    } else if (resource.type === poolType) {
      // Without its own name the pool gets the logical one and a random suffix.
      const name = resource.inputs.agentPoolName ?? resource.name;
      countPool(found, resource.inputs, String(name), vmSizes);
    }
  }
  return found;
}

function countPool(found: NodePools, pool: any, name: string, vmSizes: VmSizes): void {
  const scales = pool.enableAutoScaling === true;
  const least = countOf(scales ? pool.minCount : pool.count);
  const most = countOf(scales ? pool.maxCount : pool.count);
  if (least === undefined || most === undefined) {
    found.uncounted.push(`node pool ${name}: its node count is not known before an update`);
    return;
  }
  const size = vmSizes[pool.vmSize];
  if (size === undefined) {
    found.uncounted.push(
      `node pool ${name}: vCPUs and memory of ${pool.vmSize ?? "an unnamed size"} are not in ` +
        "components/aksPlatform/vmSizes.ts",
    );
    return;
  }
  found.pools.push({
    name,
    vmSize: pool.vmSize,
    spot: pool.scaleSetPriority === "Spot",
    zero: nodesOf(size, least),
    full: nodesOf(size, most),
  });
  countNodeDisks(found, pool, name, least, most);
}

function countNodeDisks(
  found: NodePools,
  pool: any,
  name: string,
  zero: number,
  full: number,
): void {
  // Ephemeral disks live on the node and are no resource of their own.
  if (pool.osDiskType === "Ephemeral") {
    return;
  }
  const gib = countOf(pool.osDiskSizeGB);
  if (pool.osDiskType !== "Managed" || gib === undefined || gib === 0) {
    found.uncounted.push(`node pool ${name}: type or size of its OS disks is left to AKS`);
    return;
  }
  found.disks.push({
    owner: `node pool ${name}`,
    kind: DiskKind.NodeDisk,
    storageClass: managedDiskType(pool.vmSize),
    gib,
    zero,
    full,
  });
}

/**
 * AKS takes premium SSDs for the nodes of sizes that support them, which Azure's naming marks with
 * an `s` among the feature letters
 * (https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions).
 */
function managedDiskType(vmSize: string): string {
  const features = /^Standard_[A-Z]+\d+(?:-\d+)?([a-z]*)/.exec(vmSize)?.[1] ?? "";
  return features.includes("s") ? "Premium_LRS" : "StandardSSD_LRS";
}

function nodesOf(size: Compute, nodes: number): NodeTotals {
  return { nodes, ...times(size, nodes) };
}
