import type { PriceTable, PriceUnit, UnitPrice } from "./priceTable";
import { type RetailItem, type RetailRequest, retailEndpoint, retailItems } from "./retailApi";

/** What to fetch, and how. */
export interface PriceUpdate extends Omit<RetailRequest, "filter" | "currency" | "onPage"> {
  /** Azure region, e.g. `westeurope`. */
  region: string;
  /** Virtual machine sizes. */
  vmSizes: string[];
  /** @default "USD" */
  currency?: string;
  onProgress?: (text: string) => void;
  /** @default now */
  now?: Date;
}

/** One filter holds this many sizes: longer addresses are refused by proxies. */
const sizesPerRequest = 12;

const diskProducts: Record<string, string> = {
  "Premium SSD Managed Disks": "P",
  "Standard SSD Managed Disks": "E",
};

/**
 * Fetches the prices of a region: Linux machines, regular and spot, disks, AKS tiers, registries.
 */
export async function fetchPrices(update: PriceUpdate): Promise<PriceTable> {
  const currency = update.currency ?? "USD";
  const inRegion = `armRegionName eq ${quoted(update.region)} and priceType eq 'Consumption'`;
  const fetchAll = (what: string, filter: string) =>
    retailItems({
      ...update,
      currency,
      filter: `${inRegion} and ${filter}`,
      onPage: (page) => update.onProgress?.(`prices of ${what}, page ${page}`),
    });
  const prices = new Map<string, UnitPrice[]>();
  const collect = (items: RetailItem[], keyOf: (item: RetailItem) => string | undefined) => {
    for (const item of items) {
      const key = keyOf(item);
      const price = key === undefined ? undefined : unitPrice(item);
      if (key === undefined || price === undefined) {
        continue;
      }
      prices.set(key, [...(prices.get(key) ?? []), price]);
    }
  };

  const sizes = [...new Set(update.vmSizes)].sort();
  for (let from = 0; from < sizes.length; from += sizesPerRequest) {
    const batch = sizes.slice(from, from + sizesPerRequest);
    const named = batch.map((size) => `armSkuName eq ${quoted(size)}`).join(" or ");
    const what = `machines ${from + 1}–${from + batch.length} of ${sizes.length}`;
    collect(await fetchAll(what, `serviceName eq 'Virtual Machines' and (${named})`), machineKey);
  }
  const products = Object.keys(diskProducts)
    .map((product) => `productName eq ${quoted(product)}`)
    .join(" or ");
  collect(await fetchAll("disks", `serviceName eq 'Storage' and (${products})`), diskKey);
  collect(await fetchAll("AKS", "serviceName eq 'Azure Kubernetes Service'"), clusterKey);
  collect(await fetchAll("registries", "serviceName eq 'Container Registry'"), registryKey);

  const wanted = sizes.flatMap((size) => [`vm/${size}`, `spot/${size}`]);
  return {
    region: update.region,
    currency,
    fetchedAt: (update.now ?? new Date()).toISOString(),
    source: update.endpoint ?? retailEndpoint,
    prices: Object.fromEntries(
      [...prices]
        .filter(([, found]) => isUnambiguous(found))
        .map(([key, found]) => [key, found[0]!] as const)
        .sort(([left], [right]) => (left < right ? -1 : 1)),
    ),
    missing: wanted.filter((key) => !isUnambiguous(prices.get(key) ?? [])),
  };
}

/**
 * One price, or several that say the same. Different ones are no price: a choice would be a guess.
 */
function isUnambiguous(found: UnitPrice[]): boolean {
  return found.length > 0 && found.every((price) => price.amount === found[0]!.amount);
}

function machineKey(item: RetailItem): string | undefined {
  const names = `${item.productName} ${item.skuName} ${item.meterName}`;
  if (/Windows|Cloud ?Services|Dedicated Host|Low Priority/i.test(names)) {
    return undefined;
  }
  return `${/\bSpot\b/i.test(names) ? "spot" : "vm"}/${item.armSkuName}`;
}

function diskKey(item: RetailItem): string | undefined {
  // Beside "P10 LRS Disk" there are "P10 LRS Disk Mount" and "… Operations".
  const sku = /^([PE]\d+ (?:LRS|ZRS)) Disks?$/.exec(item.meterName)?.[1];
  return sku?.startsWith(diskProducts[item.productName] ?? "?") ? `disk/${sku}` : undefined;
}

function clusterKey(item: RetailItem): string | undefined {
  if (item.productName !== "Azure Kubernetes Service") {
    return undefined;
  }
  if (item.meterName === "Standard Uptime SLA") {
    return "aks/Standard";
  }
  if (item.meterName === "Standard Long Term Support") {
    return "aks/Premium";
  }
  return undefined;
}

function registryKey(item: RetailItem): string | undefined {
  const tier = /^(Basic|Standard|Premium) Registry Unit$/.exec(item.meterName)?.[1];
  return tier === undefined ? undefined : `registry/${tier}`;
}

function unitPrice(item: RetailItem): UnitPrice | undefined {
  const unit = /^1 ?\/?(Hour|Day|Month)$/.exec(item.unitOfMeasure)?.[1]?.toLowerCase();
  if (unit === undefined || item.type !== "Consumption" || item.tierMinimumUnits !== 0) {
    return undefined;
  }
  return {
    amount: item.retailPrice,
    unit: unit as PriceUnit,
    meterId: item.meterId,
    meterName: item.meterName,
    productName: item.productName,
  };
}

/** A text in an OData filter. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
