import type { ObjectRule } from "./objectRule";
import { ephemeralRay } from "./objects/ephemeralRay";
import { idleGpus } from "./objects/idleGpus";
import { inferenceLog, rayLineage, serviceLineage } from "./objects/lineage";
import { logOffloader } from "./objects/logOffloader";
import { namespaceLabels } from "./objects/namespaceLabels";
import { pinnedImages } from "./objects/pinnedImages";
import { restrictedPods, seccompProfiles } from "./objects/restrictedPods";
import { scaleToZeroServices } from "./objects/scaleToZeroServices";
import type { ProjectSettings } from "./projectSettings";

/**
 * Every rule about Kubernetes objects, whoever writes them.
 *
 * @param projects what the objects of projects are held to besides; left out for the platform's own
 */
export function objectRules(projects?: ProjectSettings): readonly ObjectRule[] {
  return [
    scaleToZeroServices,
    ephemeralRay,
    idleGpus,
    logOffloader(projects),
    serviceLineage,
    inferenceLog,
    rayLineage,
    pinnedImages(projects),
    restrictedPods(projects),
    seccompProfiles,
    namespaceLabels,
  ];
}
