import type { Policies } from "@pulumi/policy";
import { objectPolicy } from "./objectPolicy";
import { resourcePolicy, stackPolicy } from "./resourcePolicy";
import { ephemeralRay } from "./rules/objects/ephemeralRay";
import { idleGpus } from "./rules/objects/idleGpus";
import { inferenceLog, rayLineage, serviceLineage } from "./rules/objects/lineage";
import { logOffloader } from "./rules/objects/logOffloader";
import { namespaceLabels } from "./rules/objects/namespaceLabels";
import { pinnedImages } from "./rules/objects/pinnedImages";
import { restrictedPods, seccompProfiles } from "./rules/objects/restrictedPods";
import { scaleToZeroServices } from "./rules/objects/scaleToZeroServices";
import { disallowCloudCredentials } from "./rules/resources/disallowCloudCredentials";
import { disallowLocalAccounts } from "./rules/resources/disallowLocalAccounts";
import { disallowPublicStorage } from "./rules/resources/disallowPublicStorage";
import { disallowSharedKeys } from "./rules/resources/disallowSharedKeys";
import { requireAuthorizedRanges } from "./rules/resources/requireAuthorizedRanges";
import { requireObjectStorageLogs } from "./rules/resources/requireObjectStorageLogs";
import { requireOwnershipTags } from "./rules/resources/requireOwnershipTags";
import { requirePoolTaints } from "./rules/resources/requirePoolTaints";
import { requireProtection } from "./rules/resources/requireProtection";
import { requireUserPoolsFromZero } from "./rules/resources/requireUserPoolsFromZero";
import { requireBudget } from "./rules/stack/requireBudget";
import { requireDiagnosticSettings } from "./rules/stack/requireDiagnosticSettings";
import { requireLogRetention } from "./rules/stack/requireLogRetention";
import { requireProtectedNamespaces } from "./rules/stack/requireProtectedNamespaces";

/** Name of the pack in previews, updates and reports. */
export const packName = "mlplatform";

/** Policies by what they are for, in the order in which reports show them. */
export const areas = {
  "Scale to zero": [
    resourcePolicy(requireUserPoolsFromZero),
    resourcePolicy(requirePoolTaints),
    objectPolicy(scaleToZeroServices),
    objectPolicy(ephemeralRay),
    objectPolicy(idleGpus),
  ],
  "Log offloading": [
    objectPolicy(logOffloader()),
    stackPolicy(requireLogRetention),
    stackPolicy(requireDiagnosticSettings),
    resourcePolicy(requireObjectStorageLogs),
  ],
  Lineage: [
    objectPolicy(serviceLineage),
    objectPolicy(inferenceLog),
    objectPolicy(rayLineage),
    resourcePolicy(requireOwnershipTags),
  ],
  Safety: [
    resourcePolicy(requireAuthorizedRanges),
    resourcePolicy(disallowLocalAccounts),
    resourcePolicy(disallowSharedKeys),
    resourcePolicy(disallowPublicStorage),
    objectPolicy(pinnedImages()),
    objectPolicy(restrictedPods()),
    objectPolicy(seccompProfiles),
    objectPolicy(namespaceLabels),
    resourcePolicy(requireProtection),
    stackPolicy(requireProtectedNamespaces),
    stackPolicy(requireBudget),
    resourcePolicy(disallowCloudCredentials),
  ],
} satisfies Record<string, Policies>;

/** Every policy of the pack. */
export const policies: Policies = Object.values(areas).flat();
