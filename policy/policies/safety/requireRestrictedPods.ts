import { objectPolicy } from "../../objectPolicy";
import { restrictedPods } from "../../rules/objects/restrictedPods";

/** Pods keep to Kubernetes' restricted standard. */
export const requireRestrictedPods = objectPolicy(restrictedPods);
