import { at } from "../capacity/readInputs";
import { type Capacity, type DiskCapacity, DiskKind } from "../capacity/types";
import type { PriceTable, PriceUnit } from "./priceTable";
import type { PreviewResource } from "../engine/programRun";

/** Hours that Azure counts for a month. */
const hoursPerMonth = 730;

/** One line of a monthly price. */
export interface PriceLine {
  item: string;
  /** Key of the price table, e.g. `vm/Standard_D4s_v5`. */
  sku: string;
  /** Price of one piece for one month. */
  monthly: number;
  /** Pieces and price at zero load. */
  zero: { count: number; amount: number };
  /** Pieces and price at full load. */
  full: { count: number; amount: number };
}

/** Monthly price of what a stack holds: list prices of 730 hours, without tax. */
export interface Price {
  /** False where there is no price table, or nothing that Azure would charge. */
  known: boolean;
  /** Why it is not known; empty where it is. */
  reason: string;
  region: string;
  currency: string;
  /** Day of the price table; empty without one. */
  date: string;
  /** Sums of the lines; null where not known. */
  zero: number | null;
  full: number | null;
  lines: PriceLine[];
  /** Items without a price in the table: the sums are too low by them. */
  missing: string[];
  /** Items that Azure charges by use, or whose price is not fetched. */
  unpriced: string[];
}

/** Azure types whose cost depends on use, or that the price table does not hold. */
const unpricedTypes: Record<string, string> = {
  "azure-native:network:NatGateway": "NAT gateway",
  "azure-native:network:PublicIPAddress": "public address",
  "azure-native:network:PrivateEndpoint": "private endpoint",
  "azure-native:operationalinsights:Workspace": "log ingestion",
  "azure-native:storage:StorageAccount": "object storage",
  "azure-native:keyvault:Vault": "key vault operations",
  "azure-native:dbforpostgresql:Server": "database compute, storage and backups",
};

const monthFactor: Record<PriceUnit, number> = {
  hour: hoursPerMonth,
  day: hoursPerMonth / 24,
  month: 1,
};

/** Region of the stack's cluster; undefined where the stack has none, or it is not known yet. */
export function regionOf(resources: PreviewResource[]): string | undefined {
  const cluster = resources.find(
    ({ type }) => type === "azure-native:containerservice:ManagedCluster",
  );
  const location = cluster?.inputs.location;
  if (typeof location !== "string" || location.startsWith("[")) {
    return undefined;
  }
  // Azure accepts "West Europe" for westeurope; the price list knows only the latter.
  return location.toLowerCase().replaceAll(" ", "");
}

/** Prices a stack by a table; without one the price is unknown. */
export function computePrice(
  resources: PreviewResource[],
  capacity: Capacity,
  table: PriceTable | undefined,
): Price {
  const region = regionOf(resources);
  const price: Price = {
    known: false,
    reason: "",
    region: region ?? "",
    currency: table?.currency ?? "",
    date: table?.fetchedAt.slice(0, 10) ?? "",
    zero: null,
    full: null,
    lines: [],
    missing: [],
    unpriced: unpriced(resources),
  };
  if (!capacity.ownsNodes) {
    return { ...price, reason: "the stack makes no cluster, so Azure charges nothing for nodes" };
  }
  if (region === undefined) {
    return { ...price, reason: "the region of the cluster is not known before an update" };
  }
  if (table === undefined) {
    return { ...price, reason: "run `mlp prices update`" };
  }
  for (const { item, sku, zero, full } of pricedItems(resources, capacity)) {
    if (zero === 0 && full === 0) {
      continue;
    }
    const unit = table.prices[sku];
    if (unit === undefined) {
      price.missing.push(`${item} (${sku})`);
      continue;
    }
    const monthly = unit.amount * monthFactor[unit.unit];
    price.lines.push({
      item,
      sku,
      monthly,
      zero: { count: zero, amount: zero * monthly },
      full: { count: full, amount: full * monthly },
    });
  }
  const sum = (load: "zero" | "full") =>
    price.lines.reduce((total, line) => total + line[load].amount, 0);
  return { ...price, known: true, zero: sum("zero"), full: sum("full") };
}

interface PricedItem {
  item: string;
  sku: string;
  zero: number;
  full: number;
}

function pricedItems(resources: PreviewResource[], capacity: Capacity): PricedItem[] {
  const items: PricedItem[] = capacity.pools.map((pool) => ({
    item: `nodes of pool ${pool.name}`,
    sku: `${pool.spot ? "spot" : "vm"}/${pool.vmSize}`,
    zero: pool.zero.nodes,
    full: pool.full.nodes,
  }));
  const spansZones = resources.some(
    ({ inputs }) =>
      zones(inputs.availabilityZones) > 1 ||
      (Array.isArray(inputs.agentPoolProfiles) &&
        inputs.agentPoolProfiles.some((profile) => zones(at(profile, "availabilityZones")) > 1)),
  );
  for (const disk of capacity.disks) {
    if (disk.kind === DiskKind.Database) {
      continue;
    }
    items.push({
      item: disk.kind === DiskKind.NodeDisk ? `system disks of ${disk.owner}` : disk.owner,
      sku: diskSku(disk, resources, spansZones),
      zero: disk.zero,
      full: disk.full,
    });
  }
  for (const { type, name, inputs } of resources) {
    if (type === "azure-native:containerservice:ManagedCluster") {
      const tier = at(inputs, "sku", "tier") ?? "Free";
      if (tier !== "Free") {
        items.push({ item: name, sku: `aks/${tier}`, zero: 1, full: 1 });
      }
    } else if (type === "azure-native:containerregistry:Registry") {
      const tier = at(inputs, "sku", "name");
      items.push({ item: name, sku: `registry/${tier}`, zero: 1, full: 1 });
    }
  }
  return items;
}

function zones(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

/**
 * Sizes of managed disks in GiB: one pays for the next larger one
 * (https://learn.microsoft.com/azure/virtual-machines/disks-types).
 */
const diskSizes: [number, number][] = [
  [4, 1],
  [8, 2],
  [16, 3],
  [32, 4],
  [64, 6],
  [128, 10],
  [256, 15],
  [512, 20],
  [1024, 30],
  [2048, 40],
  [4096, 50],
  [8192, 60],
  [16384, 70],
  [32767, 80],
];

function diskSku(disk: DiskCapacity, resources: PreviewResource[], spansZones: boolean): string {
  const type =
    disk.kind === DiskKind.NodeDisk
      ? disk.storageClass
      : volumeType(disk.storageClass, resources, spansZones);
  const match = /^(Premium|StandardSSD)_(LRS|ZRS)$/.exec(type);
  const size = diskSizes.find(([gib]) => disk.gib <= gib);
  if (match === null || size === undefined) {
    return `disk/${type} of ${disk.gib} GiB`;
  }
  return `disk/${match[1] === "Premium" ? "P" : "E"}${size[1]} ${match[2]}`;
}

/**
 * Disk type behind a storage class: the program's own classes, else AKS's built-in ones, which are
 * zone-redundant on clusters over several zones
 * (https://learn.microsoft.com/azure/aks/concepts-storage).
 */
function volumeType(name: string, resources: PreviewResource[], spansZones: boolean): string {
  const own = resources.find(
    ({ type, inputs }) =>
      type === "kubernetes:storage.k8s.io/v1:StorageClass" &&
      at(inputs, "metadata", "name") === name,
  );
  if (own !== undefined) {
    const parameters = own.inputs.parameters;
    return String(at(parameters, "skuName") ?? at(parameters, "skuname") ?? `class ${name}`);
  }
  const redundancy = spansZones ? "ZRS" : "LRS";
  if (["", "default", "managed", "managed-csi"].includes(name)) {
    return `StandardSSD_${redundancy}`;
  }
  if (["managed-premium", "managed-csi-premium"].includes(name)) {
    return `Premium_${redundancy}`;
  }
  return `class ${name}`;
}

function unpriced(resources: PreviewResource[]): string[] {
  const found = resources
    .map(({ type }) => unpricedTypes[type])
    .filter((what) => what !== undefined);
  const always = regionOf(resources) === undefined ? [] : ["traffic", "load balancer"];
  return [...new Set([...found, ...always])].sort();
}
