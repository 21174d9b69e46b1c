import { objectPolicy } from "../../objectPolicy";
import { scaleToZeroServices } from "./scaleToZeroServices";

/** Model servers hold no node while nobody asks. */
export const requireScaleToZeroServices = objectPolicy(scaleToZeroServices);
