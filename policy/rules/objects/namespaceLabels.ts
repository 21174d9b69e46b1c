import { partOfLabel, platformName } from "@mlplatform/contracts/platformLabels";
import { at, equals, oneOf } from "../expression";
import { objectKinds } from "../objectKinds";
import type { ObjectRule } from "../objectRule";

const labels = at("object.metadata.labels");
const partOf = [...labels, partOfLabel];
const podSecurity = [...labels, "pod-security.kubernetes.io/enforce"];

/** A namespace says that it is the platform's, and which Pod Security Standard holds in it. */
export const namespaceLabels: ObjectRule = {
  name: "mlplatform-kubernetes-require-namespace-labels",
  description: "Namespaces carry the platform's label and a pod security level.",
  kinds: [objectKinds.namespace],
  notAtAdmission: "projects cannot make namespaces, and operators make some of their own",
  requirements: [
    {
      check: equals(partOf, platformName),
      seen: partOf,
      must: `Every namespace has the label ${partOfLabel}`,
      problem: `label ${partOfLabel} is {seen}`,
      remedy: `set it to ${platformName}`,
    },
    {
      check: oneOf(podSecurity, ["restricted", "baseline", "privileged"]),
      seen: podSecurity,
      must: "Every namespace enforces a Pod Security Standard",
      problem: "label pod-security.kubernetes.io/enforce is {seen}",
      remedy: "set it to restricted, or to baseline or privileged where a chart needs that",
    },
  ],
  // The platform's label is filled in; the level is a decision.
  repair: (_, object) => {
    object.metadata ??= {};
    object.metadata.labels ??= {};
    object.metadata.labels[partOfLabel] ??= platformName;
  },
};
