import type { Policies } from "@pulumi/policy";
import { requireOwnershipTags } from "./policies/safety/requireOwnershipTags";
import { requirePinnedImages } from "./policies/safety/requirePinnedImages";
import { requireScaleToZeroServices } from "./policies/scaleToZero/requireScaleToZeroServices";
import { requireUserPoolsFromZero } from "./policies/scaleToZero/requireUserPoolsFromZero";

/** Name of the pack in previews, updates and reports. */
export const packName = "mlplatform";

/** Every policy of the pack, in the order in which reports show them. */
export const policies: Policies = [
  requireUserPoolsFromZero,
  requireScaleToZeroServices,
  requireOwnershipTags,
  requirePinnedImages,
];
