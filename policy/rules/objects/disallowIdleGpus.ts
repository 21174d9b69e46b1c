import { objectPolicy } from "../../objectPolicy";
import { idleGpus } from "./idleGpus";

/** A GPU is held only while something computes on it. */
export const disallowIdleGpus = objectPolicy(idleGpus);
