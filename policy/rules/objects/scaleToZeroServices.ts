import {
  absent,
  any,
  at,
  equals,
  everyKey,
  type Expression,
  matches,
  never,
  not,
  oneOf,
  type Path,
} from "../expression";
import { type ObjectKind, objectKinds } from "../objectKinds";
import type { ObjectRule, Requirement } from "../objectRule";

const {
  inferenceService,
  inferenceGraph,
  llmInferenceService,
  llmInferenceServiceConfig,
  knativeService,
  knativeConfiguration,
  knativeRevision,
  knativeServing,
} = objectKinds;

/** Parts of an InferenceService that scale on their own. */
const parts = [
  ...["predictor", "transformer", "explainer"].map((part) => at("object.spec", part)),
  at("object.spec.canary.*.predictor"),
];

const deploymentMode = at("object.metadata.annotations", "serving.kserve.io/deploymentMode");
const autoscalerClass = at("object.metadata.annotations", "serving.kserve.io/autoscalerClass");
const autoscaler = at("object.spec.config.autoscaler");
const autoscaling = "autoscaling.knative.dev/";

/** At most an hour, which is what Knative itself allows for most of them. */
const upToAnHour = "^([0-9]{1,3}s|[1-5]?[0-9]m([0-5]?[0-9]s)?|1h)$";
const oneOfTexts = (values: string[]) => (path: Path) => oneOf(path, values);
const inForm = (pattern: string) => (path: Path) => matches(path, pattern);

/**
 * What a service may say of its scaling, by the annotation's name after `autoscaling.knative.dev/`.
 * Knative also knows each in camel case; one spelling is enough to look at
 * (https://knative.dev/docs/serving/autoscaling/).
 */
const scaling: Record<string, { holds: (path: Path) => Expression; must: string; remedy: string }> =
  {
    class: {
      holds: oneOfTexts(["kpa.autoscaling.knative.dev"]),
      must: "Knative's own autoscaler scales every service: HPA never scales to zero",
      remedy: "remove it or set it to kpa.autoscaling.knative.dev",
    },
    metric: {
      holds: oneOfTexts(["concurrency", "rps"]),
      must: "Services scale by what they are asked",
      remedy: "remove it or set it to concurrency or rps",
    },
    "min-scale": {
      holds: oneOfTexts(["0"]),
      must: "No service keeps replicas while idle",
      remedy: 'remove it or set it to "0"',
    },
    "initial-scale": {
      holds: oneOfTexts(["0", "1"]),
      must: "A service starts with one replica at most",
      remedy: "remove it",
    },
    "activation-scale": {
      holds: inForm("^[1-9]$"),
      must: "A service wakes up with few replicas",
      remedy: "remove it or set it to less than 10",
    },
    "scale-to-zero-pod-retention-period": {
      holds: inForm(upToAnHour),
      must: "The last replica of a service goes within an hour",
      remedy: "remove it or set it to at most 1h",
    },
    "scale-down-delay": {
      holds: inForm(upToAnHour),
      must: "Replicas that nobody needs go within an hour",
      remedy: "remove it or set it to at most 1h",
    },
    window: {
      holds: inForm(upToAnHour),
      must: "A service looks back at most an hour",
      remedy: "remove it or set it to at most 1h",
    },
  };
const plainScaling = [
  "max-scale",
  "target",
  "target-utilization-percentage",
  "target-burst-capacity",
  "panic-window-percentage",
  "panic-threshold-percentage",
];
const knownScaling = [...Object.keys(scaling), ...plainScaling];

/** What the annotations of a kind, wherever they are, may say of scaling. */
const boundedScaling = (kind: ObjectKind, places: readonly Path[]): Requirement[] => {
  const forEach = [{ as: "annotations", in: places }];
  return [
    {
      kinds: [kind],
      forEach,
      check: everyKey(
        "key",
        ["annotations"],
        any(
          not(matches(["key"], "autoscaling[.]knative[.]dev")),
          oneOf(
            ["key"],
            knownScaling.map((name) => autoscaling + name),
          ),
        ),
      ),
      must: `Of Knative's annotations of scaling only ${knownScaling.join(", ")} are used`,
      problem: `an annotation ${autoscaling}… is none of ${knownScaling.join(", ")}`,
      remedy: "write it so, or remove it",
    },
    ...Object.entries(scaling).map(([name, { holds, must, remedy }]): Requirement => {
      const path = at("annotations", autoscaling + name);
      return {
        kinds: [kind],
        forEach,
        check: any(absent(path), holds(path)),
        seen: path,
        must,
        problem: `annotation ${autoscaling}${name} is {seen}`,
        remedy,
      };
    }),
  ];
};

/** KServe's own modes without Knative run a Deployment that never scales to zero. */
const onKnative = (kind: ObjectKind): Requirement[] => [
  {
    kinds: [kind],
    check: any(absent(deploymentMode), oneOf(deploymentMode, ["Knative", "Serverless"])),
    seen: deploymentMode,
    must: `An ${kind.kind} is deployed by Knative`,
    problem:
      "annotation serving.kserve.io/deploymentMode is {seen}, a mode that never scales to zero",
    remedy: "remove it or set it to Knative",
  },
  {
    kinds: [kind],
    check: absent(autoscalerClass),
    seen: autoscalerClass,
    must: `An ${kind.kind} is scaled by Knative`,
    problem: "annotation serving.kserve.io/autoscalerClass is {seen}",
    remedy: "remove it",
  },
];

const neverRuns = (kind: ObjectKind): Requirement => ({
  kinds: [kind],
  check: never,
  must: `No ${kind.kind} runs`,
  problem: `its pods never scale to zero`,
  remedy: "serve the model as an InferenceService",
});

const zeroReplicas = {
  seen: at("part.minReplicas"),
  must: "Every part of an InferenceService scales to zero",
  problem: "minReplicas is {seen} (KServe takes 1 where it is unset)",
  remedy: "set it to 0",
};

/**
 * Model servers hold no node while nobody asks. KServe's own default for `minReplicas` is 1
 * (https://kserve.github.io/website/docs/model-serving/predictive-inference/autoscaling), so zero
 * has to be written.
 */
export const scaleToZeroServices: ObjectRule = {
  name: "mlplatform-serving-require-scale-to-zero",
  description: "Model services scale to zero replicas.",
  kinds: [
    inferenceService,
    inferenceGraph,
    llmInferenceService,
    llmInferenceServiceConfig,
    knativeService,
    knativeConfiguration,
    knativeRevision,
    knativeServing,
  ],
  requirements: [
    ...onKnative(inferenceService),
    ...onKnative(inferenceGraph),
    {
      kinds: [inferenceService],
      forEach: [{ as: "part", in: parts }],
      check: equals("part.minReplicas", 0),
      ...zeroReplicas,
    },
    {
      kinds: [inferenceGraph],
      forEach: [{ as: "part", in: [at("object.spec")] }],
      check: equals("part.minReplicas", 0),
      ...zeroReplicas,
      must: "An InferenceGraph scales to zero",
    },
    {
      kinds: [inferenceService],
      forEach: [{ as: "part", in: parts }],
      check: any(absent("part.scaleMetric"), oneOf("part.scaleMetric", ["concurrency", "rps"])),
      seen: at("part.scaleMetric"),
      must: "Models scale by what they are asked",
      problem: "scaleMetric is {seen}, by which nothing scales to zero",
      remedy: "set it to concurrency or rps",
    },
    {
      kinds: [inferenceService],
      forEach: [{ as: "part", in: parts }],
      check: absent("part.workerSpec"),
      seen: at("part.workerSpec"),
      must: "No model is spread over pods that stay",
      problem: "workerSpec is {seen}: KServe runs it without Knative only",
      remedy: "remove it",
    },
    neverRuns(llmInferenceService),
    neverRuns(llmInferenceServiceConfig),
    ...boundedScaling(inferenceService, [
      at("object.metadata.annotations"),
      ...parts.map((part): Path => [...part, "annotations"]),
    ]),
    ...boundedScaling(inferenceGraph, [at("object.metadata.annotations")]),
    ...[knativeService, knativeConfiguration].flatMap((kind) =>
      boundedScaling(kind, [at("object.spec.template.metadata.annotations")]),
    ),
    ...boundedScaling(knativeRevision, [at("object.metadata.annotations")]),
    {
      kinds: [knativeServing],
      check: any(
        equals([...autoscaler, "enable-scale-to-zero"], "true"),
        equals([...autoscaler, "enable-scale-to-zero"], true),
      ),
      seen: [...autoscaler, "enable-scale-to-zero"],
      must: "Knative scales to zero",
      problem: "spec.config.autoscaler.enable-scale-to-zero is {seen}",
      remedy: 'set it to "true"',
    },
    {
      kinds: [knativeServing],
      check: any(
        absent([...autoscaler, "min-scale"]),
        equals([...autoscaler, "min-scale"], "0"),
        equals([...autoscaler, "min-scale"], 0),
      ),
      seen: [...autoscaler, "min-scale"],
      must: "Knative keeps no replicas of idle services",
      problem: "spec.config.autoscaler.min-scale is {seen}",
      remedy: 'remove it or set it to "0"',
    },
  ],
};
