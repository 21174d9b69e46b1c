import { objectPolicy } from "../../objectPolicy";
import { serviceLineage } from "./lineage";

/** A served model says which run and which data it comes from. */
export const requireServiceLineage = objectPolicy(serviceLineage);
