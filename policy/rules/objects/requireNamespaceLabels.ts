import { partOfLabel, platformName } from "@mlplatform/contracts/labels";
import { objectPolicy } from "../../objectPolicy";
import { namespaceLabels } from "./namespaceLabels";

/** Namespaces say whose they are. The platform's label is filled in; the level is a decision. */
export const requireNamespaceLabels = objectPolicy(namespaceLabels, (_, object) => {
  object.metadata ??= {};
  object.metadata.labels ??= {};
  object.metadata.labels[partOfLabel] ??= platformName;
});
