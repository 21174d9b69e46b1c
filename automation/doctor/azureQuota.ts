import { type Finding, failure, good, notChecked, warning } from "./finding";
import type { AzureNeeds } from "./stackNeeds";
import { type RunTool, jsonOf } from "./toolRun";

/** A virtual machine size as `az vm list-skus` describes it. */
interface Sku {
  name: string;
  family: string;
  locationInfo: { zones?: string[] | null }[];
  restrictions: {
    type: string;
    reasonCode: string;
    restrictionInfo?: { zones?: string[] | null };
  }[];
}

interface Usage {
  /** Azure writes numbers as texts here. */
  currentValue: string | number;
  limit: string | number;
  name: { value: string };
}

/** vCPUs that draw on one quota. */
interface Demand {
  quota: string;
  zero: number;
  full: number;
}

/** Quota of all families of a region together, and of spot machines of any family. */
const regionalQuota = "cores";
const spotQuota = "lowPriorityCores";

/** Whether a region has the sizes of the node pools, and the subscription the vCPUs. */
export async function examineQuota(run: RunTool, needs: AzureNeeds): Promise<Finding[]> {
  const inRegion = ["--location", needs.region, "--output", "json"];
  const [skuAnswer, usageAnswer] = await Promise.all([
    run("az", "vm", "list-skus", "--resource-type", "virtualMachines", "--all", ...inRegion),
    run("az", "vm", "list-usage", ...inRegion),
  ]);
  const skus = jsonOf(skuAnswer) as Sku[] | undefined;
  const usages = jsonOf(usageAnswer) as Usage[] | undefined;
  const remedy = "Check that the account may read the subscription, then run this again.";
  if (skus === undefined) {
    const seen = skuAnswer.error || "Azure gave no answer that can be read";
    return [notChecked("Sizes and vCPU quota", seen, remedy)];
  }
  const bySize = new Map(skus.map((sku) => [sku.name, sku]));
  const sizes = [...new Set(needs.pools.map(({ vmSize }) => vmSize))].map((size) =>
    examineSize(size, bySize.get(size), needs),
  );
  if (usages === undefined) {
    const seen = usageAnswer.error || "Azure gave no answer that can be read";
    return [...sizes, notChecked("vCPU quota", seen, remedy)];
  }
  const byName = new Map(usages.map((usage) => [usage.name.value.toLowerCase(), usage]));
  return [
    ...sizes,
    ...demands(needs, bySize).map((demand) =>
      examineDemand(demand, byName.get(demand.quota.toLowerCase()), needs.region),
    ),
  ];
}

function examineSize(size: string, sku: Sku | undefined, { region, zones }: AzureNeeds): Finding {
  const remedy = "Choose another size in `mlplatform:aks`, another region, or ask Azure's support.";
  if (sku === undefined) {
    return failure(size, `not offered in ${region}`, remedy);
  }
  const refused = sku.restrictions.find(({ type }) => type === "Location");
  if (refused !== undefined) {
    return failure(size, `closed in ${region} to this subscription: ${refused.reasonCode}`, remedy);
  }
  const closed = sku.restrictions.flatMap(({ restrictionInfo }) => restrictionInfo?.zones ?? []);
  const open = sku.locationInfo
    .flatMap((info) => info.zones ?? [])
    .filter((zone) => !closed.includes(zone));
  const missing = zones.filter((zone) => !open.includes(zone));
  return missing.length === 0
    ? good(size, `offered in ${region}${zones.length > 0 ? `, zones ${zones.join(", ")}` : ""}`)
    : failure(size, `not in zone ${missing.join(", ")} of ${region}`, remedy);
}

/** What the node pools draw: on their families' quotas and the region's, or on that of spot. */
function demands({ pools }: AzureNeeds, bySize: ReadonlyMap<string, Sku>): Demand[] {
  const found = new Map<string, Demand>();
  const add = (quota: string | undefined, zero: number, full: number) => {
    if (quota !== undefined) {
      const before = found.get(quota) ?? { quota, zero: 0, full: 0 };
      found.set(quota, { quota, zero: before.zero + zero, full: before.full + full });
    }
  };
  for (const { vmSize, spot, zero, full } of pools) {
    for (const quota of spot ? [spotQuota] : [bySize.get(vmSize)?.family, regionalQuota]) {
      add(quota, zero.vCpus, full.vCpus);
    }
  }
  return [...found.values()];
}

function examineDemand({ quota, zero, full }: Demand, usage: Usage | undefined, region: string) {
  const subject = `vCPU quota ${quota}`;
  const remedy =
    `Ask for more in Azure's portal (Quotas, Compute, ${region}), or lower the pools' maxCount. ` +
    "The upgrade of a pool takes a third more for a while.";
  if (usage === undefined) {
    return failure(subject, `none in ${region}; the stack needs ${full}`, remedy);
  }
  const limit = Number(usage.limit);
  const used = Number(usage.currentValue);
  const seen = `${used} of ${limit} in use; the stack needs ${zero} idle, ${full} at full load`;
  if (limit < zero) {
    return failure(subject, seen, remedy);
  }
  if (limit - used < zero) {
    return warning(subject, `${seen}, its running nodes included`, remedy);
  }
  return limit - used < full ? warning(subject, seen, remedy) : good(subject, seen);
}
