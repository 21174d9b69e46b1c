import { objectPolicy } from "../../objectPolicy";
import { scaleToZeroServices } from "../../rules/objects/scaleToZeroServices";

/** Model servers hold no node while nobody asks. */
export const requireScaleToZeroServices = objectPolicy(scaleToZeroServices);
