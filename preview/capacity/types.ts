/** Compute of nodes or pods. */
export interface Compute {
  vCpus: number;
  memoryGiB: number;
  gpus: number;
}

/** Nodes and what they hold together. */
export interface NodeTotals extends Compute {
  nodes: number;
}

/** What one virtual machine size holds. */
export type VmSizes = Record<string, Compute>;

/** A node pool of a cluster that the stack owns. */
export interface PoolCapacity {
  /** Name of the pool in the cluster. */
  name: string;
  vmSize: string;
  spot: boolean;
  /** With every user pool at its minimum. */
  zero: NodeTotals;
  /** With every pool at its maximum. */
  full: NodeTotals;
}

/** What a disk belongs to; its price follows from it. */
export enum DiskKind {
  /** A persistent volume of the cluster. */
  Volume = "volume",
  /** The managed disk that a node starts from. */
  NodeDisk = "nodeDisk",
  /** Storage of a managed database server. */
  Database = "database",
}

/** Disks of one size that one object asks for. */
export interface DiskCapacity {
  /** Whose disks they are, e.g. `StatefulSet minio`. */
  owner: string;
  kind: DiskKind;
  /** Storage class of a volume (empty: the cluster's default) or disk type of a node. */
  storageClass: string;
  /** Size of one disk. */
  gib: number;
  /** Disks at zero load. */
  zero: number;
  /** Disks at full load. */
  full: number;
}

/** What a stack holds at zero and at full load, from the inputs that its program registers. */
export interface Capacity {
  /** True where the stack makes the cluster: then `pools` holds its nodes. */
  ownsNodes: boolean;
  pools: PoolCapacity[];
  nodes: { zero: NodeTotals; full: NodeTotals };
  /** On a cluster that is not the stack's: what its pods request, as far as the program knows. */
  requests?: { zero: Compute; full: Compute };
  disks: DiskCapacity[];
  /** What could not be counted, by name and reason. */
  uncounted: string[];
}

/** Sum of two amounts. */
export function add(left: Compute, right: Compute): Compute {
  return {
    vCpus: left.vCpus + right.vCpus,
    memoryGiB: left.memoryGiB + right.memoryGiB,
    gpus: left.gpus + right.gpus,
  };
}

/** An amount several times. */
export function times(amount: Compute, count: number): Compute {
  return {
    vCpus: amount.vCpus * count,
    memoryGiB: amount.memoryGiB * count,
    gpus: amount.gpus * count,
  };
}

/** No compute. */
export const nothing: Compute = { vCpus: 0, memoryGiB: 0, gpus: 0 };

/** Volumes of some replicas, as written: `size` may be unknown. */
export interface VolumeClaim {
  size: unknown;
  storageClass?: unknown;
  replicas: unknown;
  /** Names the claim beside its owner, e.g. `write-ahead log`. */
  part?: string;
}
