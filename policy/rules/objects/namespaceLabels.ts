import { at, equals, oneOf } from "../expression";
import { objectKinds } from "../objectKinds";
import type { ObjectRule } from "../objectRule";

/** Label on everything that the platform makes; network rules select by it. */
export const partOfLabel = { key: "app.kubernetes.io/part-of", value: "mlplatform" } as const;

const labels = at("object.metadata.labels");
const partOf = [...labels, partOfLabel.key];
const podSecurity = [...labels, "pod-security.kubernetes.io/enforce"];

/** A namespace says that it is the platform's, and which Pod Security Standard holds in it. */
export const namespaceLabels: ObjectRule = {
  name: "mlplatform-kubernetes-require-namespace-labels",
  description: "Namespaces carry the platform's label and a pod security level.",
  kinds: [objectKinds.namespace],
  notAtAdmission: "projects cannot make namespaces, and operators make some of their own",
  requirements: [
    {
      check: equals(partOf, partOfLabel.value),
      seen: partOf,
      must: `Every namespace has the label ${partOfLabel.key}`,
      problem: `label ${partOfLabel.key} is {seen}`,
      remedy: `set it to ${partOfLabel.value}`,
    },
    {
      check: oneOf(podSecurity, ["restricted", "baseline", "privileged"]),
      seen: podSecurity,
      must: "Every namespace enforces a Pod Security Standard",
      problem: "label pod-security.kubernetes.io/enforce is {seen}",
      remedy: "set it to restricted, or to baseline or privileged where a chart needs that",
    },
  ],
};
