import { z } from "zod";
import { contains, overlaps, parseIpv4Range } from "../../../components/aksPlatform/networkPlan";

// What several Azure resources take alike. Sources: the resource name rules, limits and tag pages
// of https://learn.microsoft.com/azure/azure-resource-manager/management.

const guidPattern = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

/** An object, client or tenant id. */
export const guid = z.string().regex(new RegExp(`^${guidPattern}$`), "is no GUID");

/** Short name of a region. */
export const location = z.string().regex(/^[a-z]+[a-z0-9]*$/, "is no short name of a region");

/** Name of a resource group: AKS copies it into a node label, which ends at 63 characters. */
export const resourceGroupName = z.string().regex(/^[a-zA-Z0-9_.()-]{1,62}[a-zA-Z0-9_()-]$/);

/** Tags, as storage accounts take them: the narrowest. */
export const tags = z
  .record(z.string().regex(/^[^<>%&\\?/]{1,128}$/), z.string().max(256))
  .refine((all) => Object.keys(all).length <= 15, "has more tags than every kind of resource takes")
  .refine((all) => "owner" in all && "costCenter" in all, "names neither owner nor cost center");

/** Where and with what a resource is made. */
export const placed = { location, resourceGroupName, tags };

/** Id of a resource of a provider, at any depth below a resource group. */
export const resourceId = (provider: string) =>
  z
    .string()
    .regex(
      new RegExp(
        `^/subscriptions/${guidPattern}/resourceGroups/[^/]+/providers/Microsoft\\.${provider}/`,
        "i",
      ),
      `is no id of a resource of Microsoft.${provider}`,
    );

/** Reference to a resource by its id. */
export const reference = (provider: string) => z.strictObject({ id: resourceId(provider) });

/** An IPv4 range whose host bits are zero, with a prefix length in bounds. */
export const ipv4Range = (widest: number, narrowest: number) =>
  z.string().refine((text) => {
    const range = parseIpv4Range(text);
    return range !== undefined && range.prefix >= widest && range.prefix <= narrowest;
  }, `is no IPv4 range of /${widest} to /${narrowest} with zero host bits`);

/** Whether two ranges share an address; false where one is no range. */
export function rangesOverlap(one: string, other: string): boolean {
  const [a, b] = [parseIpv4Range(one), parseIpv4Range(other)];
  return a !== undefined && b !== undefined && overlaps(a, b);
}

/** Whether a range lies in another; false where one is no range. */
export function rangeContains(outer: string, inner: string): boolean {
  const [a, b] = [parseIpv4Range(outer), parseIpv4Range(inner)];
  return a !== undefined && b !== undefined && contains(a, b);
}

/** Availability zones, each once. */
export const zones = z
  .array(z.enum(["1", "2", "3"]))
  .min(1)
  .refine((all) => new Set(all).size === all.length, "names a zone twice");
