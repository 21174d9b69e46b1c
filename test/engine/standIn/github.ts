import { sameValue } from "../../../preview/engine/values/wire";
import type { Behaviour } from "./behaviour";

/**
 * Arguments that say where something of a repository is: another value is another thing. Source:
 * `ForceNew` of these fields in terraform-provider-github 6, which the provider bridges.
 */
export const placeProperties = ["repository", "environment", "variableName", "secretName", "file"];

/** The provider of GitHub. */
export const github: Behaviour = {
  completed: (_subject, _schema, inputs) => inputs,
  replacing: (_subject, schema) => placeProperties.filter((key) => key in schema.inputs),
  deleteBeforeReplace: (schema, olds, news) =>
    placeProperties
      .filter((key) => key in schema.inputs)
      .every((key) => sameValue(olds[key], news[key])),
};
