import type { Policies } from "@pulumi/policy";
import { requireInferenceLog } from "./rules/objects/requireInferenceLog";
import { requireOwnershipTags } from "./rules/resources/requireOwnershipTags";
import { requireRayLineage } from "./rules/objects/requireRayLineage";
import { requireServiceLineage } from "./rules/objects/requireServiceLineage";
import { requireDiagnosticSettings } from "./rules/stack/requireDiagnosticSettings";
import { requireLogOffloader } from "./rules/objects/requireLogOffloader";
import { requireLogRetention } from "./rules/stack/requireLogRetention";
import { requireObjectStorageLogs } from "./rules/resources/requireObjectStorageLogs";
import { disallowCloudCredentials } from "./rules/resources/disallowCloudCredentials";
import { disallowLocalAccounts } from "./rules/resources/disallowLocalAccounts";
import { disallowPublicStorage } from "./rules/resources/disallowPublicStorage";
import { disallowSharedKeys } from "./rules/resources/disallowSharedKeys";
import { requireAuthorizedRanges } from "./rules/resources/requireAuthorizedRanges";
import { requireBudget } from "./rules/stack/requireBudget";
import { requireNamespaceLabels } from "./rules/objects/requireNamespaceLabels";
import { requirePinnedImages } from "./rules/objects/requirePinnedImages";
import { requireProtection } from "./rules/resources/requireProtection";
import { requireProtectedNamespaces } from "./rules/stack/requireProtectedNamespaces";
import { requireRestrictedPods } from "./rules/objects/requireRestrictedPods";
import { requireSeccompProfile } from "./rules/objects/requireSeccompProfile";
import { disallowIdleGpus } from "./rules/objects/disallowIdleGpus";
import { requireEphemeralRay } from "./rules/objects/requireEphemeralRay";
import { requirePoolTaints } from "./rules/resources/requirePoolTaints";
import { requireScaleToZeroServices } from "./rules/objects/requireScaleToZeroServices";
import { requireUserPoolsFromZero } from "./rules/resources/requireUserPoolsFromZero";

/** Name of the pack in previews, updates and reports. */
export const packName = "mlplatform";

/** Policies by what they are for, in the order in which reports show them. */
export const areas = {
  "Scale to zero": [
    requireUserPoolsFromZero,
    requirePoolTaints,
    requireScaleToZeroServices,
    requireEphemeralRay,
    disallowIdleGpus,
  ],
  "Log offloading": [
    requireLogOffloader,
    requireLogRetention,
    requireDiagnosticSettings,
    requireObjectStorageLogs,
  ],
  Lineage: [requireServiceLineage, requireInferenceLog, requireRayLineage, requireOwnershipTags],
  Safety: [
    requireAuthorizedRanges,
    disallowLocalAccounts,
    disallowSharedKeys,
    disallowPublicStorage,
    requirePinnedImages,
    requireRestrictedPods,
    requireSeccompProfile,
    requireNamespaceLabels,
    requireProtection,
    requireProtectedNamespaces,
    requireBudget,
    disallowCloudCredentials,
  ],
} satisfies Record<string, Policies>;

/** Every policy of the pack. */
export const policies: Policies = Object.values(areas).flat();
