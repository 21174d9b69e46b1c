import { readJsonPath } from "@mlplatform/contracts/jsonPath";
import { dnsLabel, hostName, objectName } from "../argumentFormats";
import {
  type ArgumentProblem,
  choiceProblems,
  type CountBounds,
  countProblems,
  problem,
  textProblems,
} from "../argumentProblems";
import { type InferenceRedactionRule, RedactionAction, RedactionPart } from "./args";
import { normalizeObservabilityStack, type ObservabilityStackChoices } from "./normalize";

/** A century: longer is "for ever", which is the default. */
const inferenceRetention: CountBounds = {
  least: 1,
  most: 36_500,
  unit: "days",
  remedy: "Leave it out to keep predictions for ever.",
};

/** Everything that is wrong with the arguments of an ObservabilityStack; empty where nothing is. */
export function observabilityStackProblems(
  _name: string,
  args: ObservabilityStackChoices,
): ArgumentProblem[] {
  const settings = normalizeObservabilityStack(args);
  const count = (
    key:
      | "metricsRetentionDays"
      | "metricsStorageGiB"
      | "logRetentionDays"
      | "inferenceReplicas"
      | "inferenceBufferGiB"
      | "replicas",
    most: number,
    unit: string,
  ) =>
    countProblems(key, settings[key], {
      least: 1,
      most,
      unit,
      remedy: "Leave it out for the default.",
    });
  return [
    ...count("metricsRetentionDays", 730, "days"),
    ...count("metricsStorageGiB", 16_384, "GiB"),
    ...count("logRetentionDays", 3650, "days"),
    ...count("inferenceReplicas", 50, "pods"),
    ...count("inferenceBufferGiB", 4096, "GiB"),
    ...countProblems("inferenceRetentionDays", args.inferenceRetentionDays, inferenceRetention),
    ...Object.entries(settings.inferenceRetentionByNamespace).flatMap(([namespace, days]) => [
      ...textProblems("inferenceRetentionByNamespace", namespace, dnsLabel),
      ...countProblems(`inferenceRetentionByNamespace.${namespace}`, days, inferenceRetention),
    ]),
    ...settings.inferenceRedaction.flatMap(redactionProblems),
    ...count("replicas", 5, "pods"),
    ...textProblems("storageClass", args.storageClass, objectName),
    ...textProblems("grafanaHost", args.grafanaHost, hostName),
  ];
}

/** By the table's own reading: a path that it can't read would stop its pods. */
function pathProblems(propertyPath: string, path: string): ArgumentProblem[] {
  const steps = readJsonPath(path);
  const remedy = "Write one such as $.instances[*].email.";
  return typeof steps === "string"
    ? [problem(propertyPath, "must be a JSON path to a value", path, remedy)]
    : [];
}

function redactionProblems(rule: InferenceRedactionRule, index: number): ArgumentProblem[] {
  const path = `inferenceRedaction[${index}]`;
  return [
    ...textProblems(`${path}.namespace`, rule.namespace, dnsLabel),
    ...textProblems(`${path}.inferenceService`, rule.inferenceService, dnsLabel),
    ...choiceProblems(`${path}.part`, rule.part, RedactionPart),
    ...pathProblems(`${path}.path`, rule.path),
    ...choiceProblems(`${path}.action`, rule.action, RedactionAction),
  ];
}
