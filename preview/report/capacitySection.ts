import { type Capacity, type Compute, type DiskCapacity, DiskKind } from "../capacity/types";
import { type Layout, styled } from "../../screen/layout";
import { type Column, table } from "../../screen/table";
import { bullets } from "../../screen/text";
import { loadRange } from "./loadRange";

const computeColumns: Column[] = ["vCPU", "memory GiB", "GPU"].map(number);

/** Capacity at zero and at full load, as tables. */
export function capacitySection(capacity: Capacity, layout: Layout): string[] {
  const lines = [styled(layout, "bold", "Capacity: at zero load → at full load")];
  if (capacity.ownsNodes) {
    lines.push(...nodeTable(capacity, layout));
  } else {
    lines.push(...requestLines(capacity, layout));
  }
  if (capacity.disks.length > 0) {
    lines.push("", ...diskTable(capacity.disks, layout));
  }
  if (capacity.uncounted.length > 0) {
    lines.push("", styled(layout, "yellow", "  not counted"));
    lines.push(...bullets(capacity.uncounted, layout.width));
  }
  return lines;
}

function nodeTable(capacity: Capacity, layout: Layout): string[] {
  const rows = capacity.pools.map((pool) => [
    pool.name,
    pool.spot ? `${pool.vmSize} (spot)` : pool.vmSize,
    loadRange(pool.zero.nodes, pool.full.nodes),
    ...computeCells(pool.zero, pool.full),
  ]);
  const { zero, full } = capacity.nodes;
  rows.push(["total", "", loadRange(zero.nodes, full.nodes), ...computeCells(zero, full)]);
  const columns = [{ name: "pool" }, { name: "size" }, number("nodes"), ...computeColumns];
  return table({ columns, rows, indent: 2 }, layout);
}

function requestLines(capacity: Capacity, layout: Layout): string[] {
  const { zero, full } = capacity.requests!;
  const rows = [["requests of pods", ...computeCells(zero, full)]];
  return [
    "  The cluster's nodes are not the stack's; what its pods request of them, where the program " +
      "says:",
    ...table({ columns: [{ name: "" }, ...computeColumns], rows, indent: 2 }, layout),
  ];
}

function computeCells(zero: Compute, full: Compute): string[] {
  return [
    loadRange(zero.vCpus, full.vCpus),
    loadRange(zero.memoryGiB, full.memoryGiB),
    loadRange(zero.gpus, full.gpus),
  ];
}

const diskWords: Record<DiskKind, string> = {
  [DiskKind.Volume]: "volumes",
  [DiskKind.NodeDisk]: "system disks of nodes",
  [DiskKind.Database]: "database storage",
};

/** Disks summed by kind and class. */
function diskTable(disks: DiskCapacity[], layout: Layout): string[] {
  const sums = new Map<string, { zero: number[]; full: number[] }>();
  for (const disk of disks) {
    const storageClass = disk.storageClass === "" ? "default class" : disk.storageClass;
    const kind = `${diskWords[disk.kind]}, ${storageClass}`;
    const sum = sums.get(kind) ?? { zero: [0, 0], full: [0, 0] };
    for (const load of ["zero", "full"] as const) {
      sum[load][0]! += disk[load];
      sum[load][1]! += disk[load] * disk.gib;
    }
    sums.set(kind, sum);
  }
  const rows = [...sums].map(([kind, { zero, full }]) => [
    kind,
    loadRange(zero[0]!, full[0]!),
    loadRange(zero[1]!, full[1]!),
  ]);
  return table(
    { columns: [{ name: "disks" }, number("number"), number("GiB")], rows, indent: 2 },
    layout,
  );
}

function number(name: string): Column {
  return { name, isNumber: true };
}
