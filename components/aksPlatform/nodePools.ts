import type * as containerservice from "@pulumi/azure-native/containerservice";
import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { NodePoolKind } from "../connections";
import { poolTaints } from "../kubernetes/placement";
import { azureName } from "../azure/names";
import type { NodePoolArgs } from "./args";
import { type ArgumentProblem, countProblems, problem } from "../argumentProblems";
import { nearVmSizes, vmSizes } from "./vmSizes";
import type { AksPlatformSettings, NodePoolSettings } from "./normalize";

/** A pool that the arguments ask for. */
export interface PlannedPool {
  /** Argument that describes it, e.g. `gpuPool`. */
  argument: string;
  kind: NodePoolKind;
  pool: NodePoolSettings;
}

/** What the inline system pool and the pools beside it have in common. */
type PoolSettings = Pick<
  containerservice.AgentPoolArgs,
  | "mode"
  | "type"
  | "vmSize"
  | "osType"
  | "osSKU"
  | "osDiskType"
  | "osDiskSizeGB"
  | "enableAutoScaling"
  | "count"
  | "minCount"
  | "maxCount"
  | "availabilityZones"
  | "maxPods"
  | "nodeLabels"
  | "nodeTaints"
  | "upgradeSettings"
  | "gpuProfile"
  | "scaleDownMode"
  | "scaleSetPriority"
  | "scaleSetEvictionPolicy"
  | "spotMaxPrice"
>;

const spotLabel = { "kubernetes.azure.com/scalesetpriority": "spot" };

/** Share of a pool that an upgrade adds while it replaces nodes, in percent. */
const surgePercent = 33;

/** Largest pool that AKS makes (AgentPool `count`). */
const largestPool = 1000;

/** The pools of the arguments, system pool first. */
export function plannedPools(args: AksPlatformSettings): PlannedPool[] {
  const pools = [
    { argument: "systemPool", kind: NodePoolKind.System, pool: args.systemPool },
    { argument: "cpuPool", kind: NodePoolKind.Cpu, pool: args.cpuPool },
    { argument: "gpuPool", kind: NodePoolKind.Gpu, pool: args.gpuPool },
    { argument: "spotPool", kind: NodePoolKind.Spot, pool: args.spotPool },
  ];
  return pools.filter((planned): planned is PlannedPool => planned.pool !== undefined);
}

/** Name of a kind's pool in the cluster. */
export function poolName(kind: NodePoolKind): string {
  return azureName("agentPool", kind);
}

/**
 * Most nodes that exist at once: every pool full while an upgrade adds its surge. A pool whose own
 * count is wrong counts for nothing: what follows from it would only hide that.
 */
export function mostNodes(pools: PlannedPool[]): number {
  const counted = pools.filter(({ argument, pool }) => mostProblems(argument, pool).length === 0);
  return counted.reduce((sum, { kind, pool }) => {
    const surge = surges(kind) ? Math.ceil((pool.maxCount * surgePercent) / 100) : 0;
    return sum + pool.maxCount + surge;
  }, 0);
}

/** Settings of a pool, as both Azure resources that take pools spell them. */
export function poolSettings(kind: NodePoolKind, pool: NodePoolSettings): PoolSettings {
  const isGpu = kind === NodePoolKind.Gpu;
  const isSpot = kind === NodePoolKind.Spot;
  const { osDiskGiB } = pool;
  return {
    mode: kind === NodePoolKind.System ? "System" : "User",
    type: "VirtualMachineScaleSets",
    vmSize: pool.vmSize,
    osType: "Linux",
    // The GPU driver that AKS installs is tested on Ubuntu for every GPU series.
    osSKU: isGpu ? "Ubuntu" : "AzureLinux",
    osDiskType: osDiskType(pool.vmSize, osDiskGiB),
    osDiskSizeGB: osDiskGiB,
    enableAutoScaling: true,
    count: pool.minCount,
    minCount: pool.minCount,
    maxCount: pool.maxCount,
    availabilityZones: pool.zones,
    maxPods: 110,
    nodeLabels: { [platformLabels.pool]: kind, ...(isSpot && spotLabel) },
    nodeTaints: poolTaints[kind].map(({ key, value, effect }) => `${key}=${value}:${effect}`),
    ...upgrades(kind),
    ...(isGpu && { gpuProfile: { driver: "Install" } }),
    ...(kind !== NodePoolKind.System && { scaleDownMode: "Delete" }),
    ...(isSpot && {
      scaleSetPriority: "Spot",
      scaleSetEvictionPolicy: "Delete",
      // -1: up to the price on demand, so that price alone never evicts a node.
      spotMaxPrice: -1,
    }),
  };
}

/** On the local disk where it fits: faster, and without a managed disk to pay. */
export function osDiskType(vmSize: string, osDiskGiB: number): string {
  const size = vmSizes[vmSize];
  const fits = size?.ephemeralOsDisk === true && (size.temporaryDiskGiB ?? 0) >= osDiskGiB;
  return fits ? "Ephemeral" : "Managed";
}

/** Checks one pool against what AKS and the kind allow. */
export function nodePoolProblems({ argument, kind, pool }: PlannedPool): ArgumentProblem[] {
  return [
    ...vmSizeProblems(`${argument}.vmSize`, kind, pool.vmSize),
    ...poolCountProblems(argument, kind, pool),
    ...zoneProblems(`${argument}.zones`, pool.zones),
    ...countProblems(`${argument}.osDiskGiB`, pool.osDiskGiB, {
      least: 30,
      most: 2048,
      unit: "GiB",
      remedy: "Use 128 unless the images need more.",
    }),
  ];
}

function surges(kind: NodePoolKind): boolean {
  return kind === NodePoolKind.System || kind === NodePoolKind.Cpu;
}

function upgrades(kind: NodePoolKind): Pick<PoolSettings, "upgradeSettings"> {
  if (surges(kind)) {
    return { upgradeSettings: { maxSurge: `${surgePercent}%` } };
  }
  // One node at a time in place: a surge would need GPU quota that few subscriptions have spare.
  if (kind === NodePoolKind.Gpu) {
    return { upgradeSettings: { maxSurge: "0", maxUnavailable: "1" } };
  }
  // Spot pools never surge (https://learn.microsoft.com/azure/aks/spot-node-pool).
  return {};
}

function vmSizeProblems(path: string, kind: NodePoolKind, vmSize: string): ArgumentProblem[] {
  // Listed: "constructor" is a key of every object, and no size.
  const size = Object.keys(vmSizes).includes(vmSize) ? vmSizes[vmSize] : undefined;
  if (!size) {
    return [problem(path, ...unlistedSize(vmSize))];
  }
  const faults: [boolean, string, string][] = [
    [
      kind === NodePoolKind.System && isBurstable(vmSize),
      "must not be a burstable (B-series) size in a system pool",
      "Use a size such as Standard_D4ds_v5.",
    ],
    [
      kind === NodePoolKind.Spot && isBurstable(vmSize),
      "must not be a burstable (B-series) size in a spot pool: Azure sells none",
      "Use a size such as Standard_D8ds_v5.",
    ],
    [
      kind === NodePoolKind.System && (size.vCpus < 4 || size.memoryGiB < 4),
      "must have at least 4 vCPU and 4 GiB in a system pool",
      "Use a size such as Standard_D4ds_v5.",
    ],
    [
      kind === NodePoolKind.Gpu && size.gpus === 0,
      "must have a GPU in the GPU pool",
      "Use a size such as Standard_NC24ads_A100_v4, or move the pool to cpuPool.",
    ],
    [
      kind !== NodePoolKind.Gpu && size.gpus > 0,
      "must have no GPU in this pool, whose nodes carry no GPU taint",
      "Use a size such as Standard_D8ds_v5, or move the pool to gpuPool.",
    ],
  ];
  return faults
    .filter(([isFault]) => isFault)
    .map(([, rule, remedy]) => problem(path, rule, vmSize, remedy));
}

/** Rule, value and remedy for a size that is not in the table. */
function unlistedSize(vmSize: string): [string, string, string] {
  const listed = Object.keys(vmSizes);
  const spelled = listed.find((name) => name.toLowerCase() === vmSize.toLowerCase());
  if (spelled) {
    return ["must be spelled as Azure does", vmSize, `Write ${spelled}.`];
  }
  if (vmSizes[`Standard_${vmSize}`]) {
    return ["must start with Standard_", vmSize, `Write Standard_${vmSize}.`];
  }
  if (/^(Standard|Basic)_A\d/i.test(vmSize)) {
    const remedy = "Use a size such as Standard_D4ds_v5.";
    return ["must not be an A-series size, which AKS advises against", vmSize, remedy];
  }
  const near = nearVmSizes(vmSize).join(", ");
  return [
    "must be a size listed in components/aksPlatform/vmSizes.ts",
    vmSize,
    `Near names are ${near}. To add a size, add its row with the figures of Azure's size page.`,
  ];
}

function isBurstable(vmSize: string): boolean {
  return /^Standard_B\d/.test(vmSize);
}

function poolCountProblems(
  argument: string,
  kind: NodePoolKind,
  { minCount, maxCount }: NodePoolArgs,
): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  const minPath = `${argument}.minCount`;
  if (kind === NodePoolKind.System) {
    const remedy = "Use 2 or more: the cluster's own pods live there.";
    problems.push(...countProblems(minPath, minCount, { least: 1, unit: "nodes", remedy }));
  }
  if (kind !== NodePoolKind.System && minCount !== 0) {
    const remedy = "Set 0: pools of work start empty and grow as pods ask.";
    problems.push(problem(minPath, "must be 0 in a user pool", minCount, remedy));
  }
  const maxProblems = mostProblems(argument, { maxCount });
  problems.push(...maxProblems);
  if (maxProblems.length === 0 && minCount > maxCount) {
    const rule = `must be at least \`${minPath}\` (${minCount})`;
    const remedy = `Raise it to ${minCount} or more.`;
    problems.push(problem(`${argument}.maxCount`, rule, maxCount, remedy));
  }
  return problems;
}

function mostProblems(
  argument: string,
  { maxCount }: Pick<NodePoolArgs, "maxCount">,
): ArgumentProblem[] {
  return countProblems(`${argument}.maxCount`, maxCount, {
    least: 1,
    most: largestPool,
    unit: "nodes",
    remedy: "Set the most nodes that you would pay for.",
  });
}

function zoneProblems(path: string, zones: string[] | undefined): ArgumentProblem[] {
  if (zones === undefined) {
    return [];
  }
  const isValid =
    zones.length > 0 &&
    zones.every((zone) => ["1", "2", "3"].includes(zone)) &&
    new Set(zones).size === zones.length;
  if (isValid) {
    return [];
  }
  const remedy = `Use ["1", "2", "3"], or leave it out in regions without zones.`;
  return [problem(path, 'must be different zones out of "1", "2" and "3"', zones, remedy)];
}
