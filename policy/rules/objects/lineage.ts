import { at, equals, includes, matches } from "../expression";
import { objectKinds } from "../objectKinds";
import type { ObjectRule, Requirement } from "../objectRule";

const value = "^[A-Za-z0-9][A-Za-z0-9._:/@+=-]*$";

/** Annotations of an InferenceService that lead from a prediction to its data, with their form. */
export const lineageAnnotations = {
  "mlplatform.dev/model-name": { pattern: value, form: "a name" },
  "mlplatform.dev/model-version": { pattern: "^[1-9][0-9]*$", form: "a whole number in quotes" },
  "mlplatform.dev/run-id": { pattern: "^[0-9a-f]{32}$", form: "32 hex digits" },
  "mlplatform.dev/dataset-name": { pattern: value, form: "a name" },
  "mlplatform.dev/dataset-version": { pattern: value, form: "a version" },
  "mlplatform.dev/dataset-digest": {
    pattern: "^(sha256:)?[0-9a-f]{8,64}$",
    form: "8 to 64 hex digits",
  },
} as const;

/** Labels of a RayJob that lead from a run to its data and code, with their form. */
export const rayJobLabels = {
  "mlplatform.dev/project": { pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", form: "the namespace" },
  "mlplatform.dev/git-commit": { pattern: "^[0-9a-f]{7,40}$", form: "7 to 40 hex digits" },
  "mlplatform.dev/dataset-name": { pattern: value, form: "a name" },
  "mlplatform.dev/dataset-version": { pattern: value, form: "a version" },
} as const;

/** Address of the inference table, which every logger posts to. */
const ingest = "http://inference-table.observability.svc.cluster.local";
const ingestPattern = "^http://inference-table[.]observability[.]svc([.]cluster[.]local)?(:80)?/?$";

const wellFormed = (
  what: "annotation" | "label",
  [key, { pattern, form }]: [string, { pattern: string; form: string }],
): Requirement => {
  const path = at(`object.metadata.${what}s`, key);
  return {
    check: matches(path, pattern),
    seen: path,
    must: `The ${what} ${key} is ${form}`,
    problem: `${what} ${key} is {seen}`,
    remedy: `set it to ${form}`,
  };
};

/** A served model says which run and which data it comes from. */
export const serviceLineage: ObjectRule = {
  name: "mlplatform-serving-require-lineage",
  description: "Served models say which run and data they come from.",
  kinds: [objectKinds.inferenceService],
  requirements: Object.entries(lineageAnnotations).map((entry) => wellFormed("annotation", entry)),
};

const logger = at("object.spec.predictor.logger");

/** Every prediction is recorded, with the lineage of its model. */
export const inferenceLog: ObjectRule = {
  name: "mlplatform-serving-require-inference-log",
  description: "Every prediction is recorded with its lineage.",
  kinds: [objectKinds.inferenceService],
  requirements: [
    {
      check: equals([...logger, "mode"], "all"),
      seen: [...logger, "mode"],
      must: "The predictor logs requests and responses",
      problem: "spec.predictor.logger.mode is {seen}",
      remedy: "set it to all",
    },
    {
      check: matches([...logger, "url"], ingestPattern),
      seen: [...logger, "url"],
      must: "The predictor logs to the inference table",
      problem: "spec.predictor.logger.url is {seen}",
      remedy: `set it to ${ingest}`,
    },
    ...Object.keys(lineageAnnotations).map((key): Requirement => ({
      check: includes([...logger, "metadataAnnotations"], key),
      seen: [...logger, "metadataAnnotations"],
      must: `The predictor's log carries the annotation ${key}`,
      problem: `spec.predictor.logger.metadataAnnotations does not list ${key}`,
      remedy: "add it",
    })),
  ],
};

/** A training run says which project, code and data it is about. */
export const rayLineage: ObjectRule = {
  name: "mlplatform-ray-require-lineage",
  description: "Training runs say which project, commit and dataset they are about.",
  kinds: [objectKinds.rayJob],
  requirements: Object.entries(rayJobLabels).map((entry) => wellFormed("label", entry)),
};
