import { objectPolicy } from "../../objectPolicy";
import { ephemeralRay } from "./ephemeralRay";

/** A Ray cluster lives as long as its job. */
export const requireEphemeralRay = objectPolicy(ephemeralRay);
