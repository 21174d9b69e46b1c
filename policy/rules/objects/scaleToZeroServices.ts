import { absent, any, at, equals, not, oneOf } from "../expression";
import { objectKinds } from "../objectKinds";
import type { ObjectRule, Requirement } from "../objectRule";

const { inferenceService, knativeService, knativeServing } = objectKinds;

/** Parts of an InferenceService that scale on their own. */
const parts = ["predictor", "transformer", "explainer"];

const deploymentMode = at("object.metadata.annotations", "serving.kserve.io/deploymentMode");
const autoscaler = at("object.spec.config.autoscaler");
const minScale = "autoscaling.knative.dev/min-scale";

const noFloor = (kind: typeof knativeService, annotations: string): Requirement => {
  const floor = at(annotations, minScale);
  return {
    kinds: [kind],
    check: any(absent(floor), equals(floor, "0")),
    seen: floor,
    must: "No service keeps replicas while idle",
    problem: `annotation ${minScale} is {seen}`,
    remedy: 'remove it or set it to "0"',
  };
};

/**
 * Model servers hold no node while nobody asks. KServe's own default for `minReplicas` is 1
 * (https://kserve.github.io/website/docs/model-serving/predictive-inference/autoscaling), so zero
 * has to be written.
 */
export const scaleToZeroServices: ObjectRule = {
  name: "mlplatform-serving-require-scale-to-zero",
  description: "Model services scale to zero replicas.",
  kinds: [inferenceService, knativeService, knativeServing],
  requirements: [
    {
      kinds: [inferenceService],
      check: not(oneOf(deploymentMode, ["Standard", "RawDeployment"])),
      seen: deploymentMode,
      must: "An InferenceService is deployed by Knative",
      problem:
        "annotation serving.kserve.io/deploymentMode is {seen}, a mode that never scales to zero",
      remedy: "remove it or set it to Knative",
    },
    {
      kinds: [inferenceService],
      forEach: [{ as: "part", in: parts.map((part) => at(`object.spec.${part}`)) }],
      check: equals("part.minReplicas", 0),
      seen: at("part.minReplicas"),
      must: "Every part of an InferenceService scales to zero",
      problem: "minReplicas is {seen} (KServe takes 1 where it is unset)",
      remedy: "set it to 0",
    },
    noFloor(inferenceService, "object.metadata.annotations"),
    noFloor(knativeService, "object.spec.template.metadata.annotations"),
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
