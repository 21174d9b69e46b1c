import { objectPolicy } from "../../objectPolicy";
import { rayLineage } from "../../rules/objects/lineage";

/** A training run says which project, code and data it is about. */
export const requireRayLineage = objectPolicy(rayLineage);
