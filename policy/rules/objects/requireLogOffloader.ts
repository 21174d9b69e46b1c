import { objectPolicy } from "../../objectPolicy";
import { logOffloader } from "./logOffloader";

/** Each Ray pod ships its logs into the lake before it is gone. */
export const requireLogOffloader = objectPolicy(logOffloader);
