import { dnsLabel, hostName } from "../argumentFormats";
import {
  type ArgumentProblem,
  choiceProblems,
  type CountBounds,
  countProblems,
  type TextFormat,
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
    ...textProblems("grafanaHost", args.grafanaHost, hostName),
  ];
}

const jsonPath: TextFormat = {
  pattern: /^\$./,
  rule: "must be a JSON path",
  remedy: "Write one such as $.instances[*].email.",
};

function redactionProblems(rule: InferenceRedactionRule, index: number): ArgumentProblem[] {
  const path = `inferenceRedaction[${index}]`;
  return [
    ...textProblems(`${path}.namespace`, rule.namespace, dnsLabel),
    ...textProblems(`${path}.inferenceService`, rule.inferenceService, dnsLabel),
    ...choiceProblems(`${path}.part`, rule.part, RedactionPart),
    ...textProblems(`${path}.path`, rule.path, jsonPath),
    ...choiceProblems(`${path}.action`, rule.action, RedactionAction),
  ];
}
