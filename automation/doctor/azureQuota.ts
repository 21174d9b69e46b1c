import { z } from "zod";
import { type Finding, failure, good, warning } from "./finding";
import type { AzureNeeds } from "./stackNeeds";
import { type RunTool, answerAs } from "./toolRun";
import { unanswered } from "./unanswered";

/** A virtual machine size as `az vm list-skus` describes it. */
const sku = z.object({
  name: z.string(),
  family: z.string(),
  locationInfo: z.array(z.object({ zones: z.array(z.string()).nullish() })),
  restrictions: z.array(
    z.object({
      type: z.string(),
      reasonCode: z.string(),
      restrictionInfo: z.object({ zones: z.array(z.string()).nullish() }).nullish(),
    }),
  ),
});
type Sku = z.infer<typeof sku>;

/** Use of one quota. Azure writes numbers as texts here. */
const usage = z.object({
  currentValue: z.coerce.number(),
  limit: z.coerce.number(),
  name: z.object({ value: z.string() }),
});
type Usage = z.infer<typeof usage>;

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
  const skus = answerAs(z.array(sku), skuAnswer);
  const usages = answerAs(z.array(usage), usageAnswer);
  if (skus === undefined) {
    return [unanswered("Sizes and vCPU quota", skuAnswer.error)];
  }
  const bySize = new Map(skus.map((each) => [each.name, each]));
  const sizes = [...new Set(needs.pools.map(({ vmSize }) => vmSize))].map((size) =>
    examineSize(size, bySize.get(size), needs),
  );
  if (usages === undefined) {
    return [...sizes, unanswered("vCPU quota", usageAnswer.error)];
  }
  const byName = new Map(usages.map((each) => [each.name.value.toLowerCase(), each]));
  return [
    ...sizes,
    ...demands(needs, bySize).map((demand) =>
      examineDemand(demand, byName.get(demand.quota.toLowerCase()), needs.region),
    ),
  ];
}

function examineSize(size: string, found: Sku | undefined, { region, zones }: AzureNeeds): Finding {
  const remedy = "Choose another size in `mlplatform:aks`, another region, or ask Azure's support.";
  if (found === undefined) {
    return failure(size, `not offered in ${region}`, remedy);
  }
  const refused = found.restrictions.find(({ type }) => type === "Location");
  if (refused !== undefined) {
    return failure(size, `closed in ${region} to this subscription: ${refused.reasonCode}`, remedy);
  }
  const closed = found.restrictions.flatMap(({ restrictionInfo }) => restrictionInfo?.zones ?? []);
  const open = found.locationInfo
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

function examineDemand(
  { quota, zero, full }: Demand,
  found: Usage | undefined,
  region: string,
): Finding {
  const subject = `vCPU quota ${quota}`;
  const remedy =
    `Ask for more in Azure's portal (Quotas, Compute, ${region}), or lower the pools' maxCount. ` +
    "The upgrade of a pool takes a third more for a while.";
  if (found === undefined) {
    return failure(subject, `none in ${region}; the stack needs ${full}`, remedy);
  }
  const { limit, currentValue: used } = found;
  const seen = `${used} of ${limit} in use; the stack needs ${zero} idle, ${full} at full load`;
  if (limit < zero) {
    return failure(subject, seen, remedy);
  }
  if (limit - used < zero) {
    return warning(subject, `${seen}, its running nodes included`, remedy);
  }
  return limit - used < full ? warning(subject, seen, remedy) : good(subject, seen);
}
