import type { Policies } from "@pulumi/policy";
import { requireInferenceLog } from "./policies/lineage/requireInferenceLog";
import { requireOwnershipTags } from "./policies/lineage/requireOwnershipTags";
import { requireRayLineage } from "./policies/lineage/requireRayLineage";
import { requireServiceLineage } from "./policies/lineage/requireServiceLineage";
import { requireDiagnosticSettings } from "./policies/logOffloading/requireDiagnosticSettings";
import { requireLogOffloader } from "./policies/logOffloading/requireLogOffloader";
import { requireLogRetention } from "./policies/logOffloading/requireLogRetention";
import { requireObjectStorageLogs } from "./policies/logOffloading/requireObjectStorageLogs";
import { disallowCloudCredentials } from "./policies/safety/disallowCloudCredentials";
import { disallowLocalAccounts } from "./policies/safety/disallowLocalAccounts";
import { disallowPublicStorage } from "./policies/safety/disallowPublicStorage";
import { disallowSharedKeys } from "./policies/safety/disallowSharedKeys";
import { requireAuthorizedRanges } from "./policies/safety/requireAuthorizedRanges";
import { requireBudget } from "./policies/safety/requireBudget";
import { requireNamespaceLabels } from "./policies/safety/requireNamespaceLabels";
import { requirePinnedImages } from "./policies/safety/requirePinnedImages";
import { requireProtection } from "./policies/safety/requireProtection";
import { requireProtectedNamespaces } from "./policies/safety/requireProtectedNamespaces";
import { requireRestrictedPods } from "./policies/safety/requireRestrictedPods";
import { requireSeccompProfile } from "./policies/safety/requireSeccompProfile";
import { disallowIdleGpus } from "./policies/scaleToZero/disallowIdleGpus";
import { requireEphemeralRay } from "./policies/scaleToZero/requireEphemeralRay";
import { requirePoolTaints } from "./policies/scaleToZero/requirePoolTaints";
import { requireScaleToZeroServices } from "./policies/scaleToZero/requireScaleToZeroServices";
import { requireUserPoolsFromZero } from "./policies/scaleToZero/requireUserPoolsFromZero";

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
