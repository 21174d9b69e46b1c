import { objectPolicy } from "../../objectPolicy";
import { pinnedImages } from "./pinnedImages";

/** A restart never brings other code. */
export const requirePinnedImages = objectPolicy(pinnedImages);
