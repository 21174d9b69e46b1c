import { type Capacity, type Compute, type DiskCapacity, DiskKind } from "../capacity/types";
import type { Price } from "../prices/computePrice";
import { type Layout, alignColumns, cut, styled, wrap } from "../../screen/terminal";

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
    lines.push(...capacity.uncounted.flatMap((entry) => bullet(entry, layout)));
  }
  return lines;
}

function nodeTable(capacity: Capacity, layout: Layout): string[] {
  const rows = capacity.pools.map((pool) => [
    `  ${pool.name}`,
    pool.spot ? `${pool.vmSize} (spot)` : pool.vmSize,
    range(pool.zero.nodes, pool.full.nodes),
    ...computeCells(pool.zero, pool.full),
  ]);
  const { zero, full } = capacity.nodes;
  rows.push(["  total", "", range(zero.nodes, full.nodes), ...computeCells(zero, full)]);
  const header = ["  pool", "size", "nodes", "vCPU", "memory GiB", "GPU"];
  const table = alignColumns([header, ...rows], new Set([2, 3, 4, 5]));
  return [styled(layout, "dim", table[0]!), ...table.slice(1)];
}

function requestLines(capacity: Capacity, layout: Layout): string[] {
  const { zero, full } = capacity.requests!;
  const rows = [
    ["  ", "vCPU", "memory GiB", "GPU"],
    ["  requests of pods", ...computeCells(zero, full)],
  ];
  const table = alignColumns(rows, new Set([1, 2, 3]));
  return [
    "  The cluster's nodes are not the stack's; what its pods request of them, where the " +
      "program says:",
    styled(layout, "dim", table[0]!),
    table[1]!,
  ];
}

function computeCells(zero: Compute, full: Compute): string[] {
  return [
    range(zero.vCpus, full.vCpus),
    range(zero.memoryGiB, full.memoryGiB),
    range(zero.gpus, full.gpus),
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
    const kind =
      `${diskWords[disk.kind]}, ` +
      `${disk.storageClass === "" ? "default class" : disk.storageClass}`;
    const sum = sums.get(kind) ?? { zero: [0, 0], full: [0, 0] };
    for (const load of ["zero", "full"] as const) {
      sum[load][0]! += disk[load];
      sum[load][1]! += disk[load] * disk.gib;
    }
    sums.set(kind, sum);
  }
  const rows = [...sums].map(([kind, { zero, full }]) => [
    `  ${kind}`,
    range(zero[0]!, full[0]!),
    range(zero[1]!, full[1]!),
  ]);
  const table = alignColumns([["  disks", "number", "GiB"], ...rows], new Set([1, 2]));
  return [styled(layout, "dim", table[0]!), ...table.slice(1)];
}

/** The monthly price with its lines, or why it is unknown. */
export function priceSection(price: Price, layout: Layout): string[] {
  if (!price.known) {
    return [`${styled(layout, "bold", "Price unknown:")} ${price.reason}`];
  }
  const rows = price.lines.map((line) => [
    `  ${cut(line.item, 44)}`,
    line.sku,
    range(line.zero.count, line.full.count),
    money(line.monthly),
    money(line.zero.amount),
    money(line.full.amount),
  ]);
  rows.push(["  total", "", "", "", money(price.zero!), money(price.full!)]);
  const header = ["  item", "SKU", "number", "each", "at zero", "at full load"];
  const table = alignColumns([header, ...rows], new Set([2, 3, 4, 5]));
  const title =
    `Price a month in ${price.currency}, list prices of ${price.date} in ${price.region}, 730 ` +
    "hours";
  const lines = [
    styled(layout, "bold", title),
    styled(layout, "dim", table[0]!),
    ...table.slice(1),
  ];
  if (price.missing.length > 0) {
    lines.push(styled(layout, "yellow", "  without a price, so the total is too low by them"));
    lines.push(...price.missing.flatMap((entry) => bullet(entry, layout)));
  }
  if (price.unpriced.length > 0) {
    lines.push(...wrap(`not in it: ${price.unpriced.join(", ")}`, layout.width - 2).map(indent));
  }
  return lines;
}

function bullet(text: string, layout: Layout): string[] {
  return wrap(text, layout.width - 6).map(
    (line, index) => `    ${index === 0 ? "· " : "  "}${line}`,
  );
}

function indent(line: string): string {
  return `  ${line}`;
}

/** `3 → 12`, or `3` where load changes nothing. */
function range(zero: number, full: number): string {
  const [least, most] = [rounded(zero), rounded(full)];
  return least === most ? least : `${least} → ${most}`;
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function money(amount: number): string {
  return amount.toFixed(2);
}
