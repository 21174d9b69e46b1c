import { objectPolicy } from "../../objectPolicy";
import { inferenceLog } from "./lineage";

/** Every prediction is recorded, with the lineage of its model. */
export const requireInferenceLog = objectPolicy(inferenceLog);
