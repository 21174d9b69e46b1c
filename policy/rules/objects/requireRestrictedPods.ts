import { objectPolicy } from "../../objectPolicy";
import { restrictedPods } from "./restrictedPods";

/** Pods keep to Kubernetes' restricted standard. */
export const requireRestrictedPods = objectPolicy(restrictedPods);
