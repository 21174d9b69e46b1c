import { ingestPathPattern } from "@mlplatform/contracts/ingestAddress";
import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { lineageValues, type ValueForm } from "@mlplatform/contracts/lineageValues";
import { inferenceTableName, platformNamespaces } from "@mlplatform/contracts/platformNames";
import { at, equals, everyKey, includes, matches, not } from "../expression";
import { objectKinds } from "../objectKinds";
import type { ObjectRule, Requirement } from "../objectRule";

/** Annotations of an InferenceService that lead from a prediction to its data, with their form. */
const serviceAnnotations: Record<string, ValueForm> = {
  [platformAnnotations.modelName]: lineageValues.modelName,
  [platformAnnotations.modelVersion]: lineageValues.modelVersion,
  [platformAnnotations.runId]: lineageValues.runId,
  [platformAnnotations.datasetName]: lineageValues.datasetName,
  [platformAnnotations.datasetVersion]: lineageValues.datasetVersion,
  [platformAnnotations.datasetDigest]: lineageValues.datasetDigest,
};

/** Labels of a RayJob that lead from a run to its code, with their form. */
const rayJobLabels: Record<string, ValueForm> = {
  [platformLabels.project]: lineageValues.project,
  [platformLabels.gitCommit]: lineageValues.gitCommit,
};

/** Annotations of a RayJob that lead from a run to its data: no label can hold a dataset's name. */
const rayJobAnnotations: Record<string, ValueForm> = {
  [platformAnnotations.datasetName]: lineageValues.datasetName,
  [platformAnnotations.datasetVersion]: lineageValues.datasetVersion,
};

const ingestService = `${inferenceTableName}[.]${platformNamespaces.observability}`;
const ingestHost = `${ingestService}[.]svc([.]cluster[.]local)?`;
const ingestPattern = `^http://${ingestHost}(:80)?${ingestPathPattern}$`;

const wellFormed = (
  what: "annotation" | "label",
  [key, { pattern, form }]: [string, ValueForm],
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
  requirements: Object.entries(serviceAnnotations).map((entry) => wellFormed("annotation", entry)),
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
      remedy: `set it to the url of the ConfigMap ${inferenceTableName} in the namespace`,
    },
    {
      // KServe lets them overrule what it says of the logger itself.
      forEach: [{ as: "annotations", in: [at("object.spec.predictor.annotations")] }],
      check: everyKey(
        "annotation",
        ["annotations"],
        not(matches(["annotation"], "^internal[.]serving[.]kserve[.]io/")),
      ),
      seen: ["annotations"],
      must: "What KServe notes of a pod for itself is KServe's alone",
      problem: "an annotation internal.serving.kserve.io/… is KServe's own",
      remedy: "remove it",
    },
    {
      // KServe takes a container of this name for its own logger, and adds none.
      forEach: [
        {
          as: "container",
          in: [
            at("object.spec.predictor.containers.*"),
            at("object.spec.predictor.initContainers.*"),
          ],
        },
      ],
      check: not(equals("container.name", "agent")),
      seen: at("container.name"),
      must: "The logger beside a model is KServe's",
      problem: "a container is named {seen}, as KServe's logger is",
      remedy: "give it another name",
    },
    ...Object.keys(serviceAnnotations).map((key): Requirement => ({
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
  requirements: [
    ...Object.entries(rayJobLabels).map((entry) => wellFormed("label", entry)),
    ...Object.entries(rayJobAnnotations).map((entry) => wellFormed("annotation", entry)),
  ],
};
