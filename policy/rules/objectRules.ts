import type { ObjectRule } from "./objectRule";
import { ephemeralRay } from "./objects/ephemeralRay";
import { idleGpus } from "./objects/idleGpus";
import { inferenceLog, rayLineage, serviceLineage } from "./objects/lineage";
import { logOffloader } from "./objects/logOffloader";
import { namespaceLabels } from "./objects/namespaceLabels";
import { pinnedImages } from "./objects/pinnedImages";
import { restrictedPods, seccompProfiles } from "./objects/restrictedPods";
import { scaleToZeroServices } from "./objects/scaleToZeroServices";

/** Every rule about Kubernetes objects, whoever writes them. */
export const objectRules: readonly ObjectRule[] = [
  scaleToZeroServices,
  ephemeralRay,
  idleGpus,
  logOffloader,
  serviceLineage,
  inferenceLog,
  rayLineage,
  pinnedImages,
  restrictedPods,
  seccompProfiles,
  namespaceLabels,
];
