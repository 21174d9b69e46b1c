import { objectPolicy } from "../../objectPolicy";
import { absent, all } from "../expression";
import { eachContainer, subjects } from "../objectRule";
import { seccompProfiles } from "./restrictedPods";

const unset = all(
  absent("container.securityContext.seccompProfile"),
  absent("pod.securityContext.seccompProfile"),
);

/** The kernel calls of every container are filtered. A profile that is left out is filled in. */
export const requireSeccompProfile = objectPolicy(seccompProfiles, (kind, object) => {
  for (const { container } of subjects(eachContainer, kind, object, unset)) {
    const value = container!.value as Record<string, any>;
    value.securityContext = {
      ...value.securityContext,
      seccompProfile: { type: "RuntimeDefault" },
    };
  }
});
