import type { ResourceValidationPolicy } from "@pulumi/policy";
import { exemptionsProperty, skipExempt } from "../../exemptions";

const inferenceService = "kubernetes:serving.kserve.io/v1beta1:InferenceService";
const knativeServing = "kubernetes:operator.knative.dev/v1beta1:KnativeServing";

/** Parts of an InferenceService that scale on their own. */
const parts = ["predictor", "transformer", "explainer"] as const;

/** Deployment modes without Knative, which keep at least one replica. */
const modesWithoutKnative = ["Standard", "RawDeployment"];

/**
 * Model servers hold no node while nobody asks. KServe's own default for `minReplicas` is 1
 * (https://kserve.github.io/website/docs/model-serving/predictive-inference/autoscaling), so zero
 * has to be written.
 */
export const requireScaleToZeroServices: ResourceValidationPolicy = {
  name: "mlplatform-serving-require-scale-to-zero",
  description: "Model services scale to zero replicas.",
  configSchema: { properties: exemptionsProperty },
  validateResource: (args, reportViolation) => {
    if (args.type !== inferenceService && args.type !== knativeServing) {
      return args.notApplicable("only KnativeServing and InferenceService");
    }
    skipExempt(args);
    const problems =
      args.type === inferenceService
        ? serviceProblems(args.name, args.props)
        : knativeProblems(args.name, args.props);
    for (const problem of problems) reportViolation(problem);
  },
};

function serviceProblems(name: string, props: Record<string, any>): string[] {
  const problems: string[] = [];
  const mode = props.metadata?.annotations?.["serving.kserve.io/deploymentMode"];
  if (modesWithoutKnative.includes(mode)) {
    problems.push(
      `InferenceService "${name}" is deployed in mode ${mode}, which never scales to zero: remove the annotation serving.kserve.io/deploymentMode.`,
    );
  }
  for (const part of parts) {
    const spec = props.spec?.[part];
    if (spec === undefined || spec.minReplicas === 0) continue;
    problems.push(
      `InferenceService "${name}" has ${part}.minReplicas ${spec.minReplicas ?? "unset (KServe takes 1)"}: set it to 0.`,
    );
  }
  return problems;
}

function knativeProblems(name: string, props: Record<string, any>): string[] {
  const problems: string[] = [];
  const autoscaler = props.spec?.config?.autoscaler ?? {};
  const enabled = autoscaler["enable-scale-to-zero"];
  if (String(enabled) !== "true") {
    problems.push(
      `KnativeServing "${name}" has config.autoscaler.enable-scale-to-zero ${enabled ?? "unset"}: set it to "true".`,
    );
  }
  const floor = autoscaler["min-scale"];
  if (floor !== undefined && String(floor) !== "0") {
    problems.push(
      `KnativeServing "${name}" has config.autoscaler.min-scale ${floor}: remove it or set it to "0".`,
    );
  }
  return problems;
}
