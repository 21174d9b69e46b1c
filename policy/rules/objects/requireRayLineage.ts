import { objectPolicy } from "../../objectPolicy";
import { rayLineage } from "./lineage";

/** A training run says which project, code and data it is about. */
export const requireRayLineage = objectPolicy(rayLineage);
