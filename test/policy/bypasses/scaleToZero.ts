import { stringify } from "yaml";
import {
  type Attempt,
  attempts,
  type Base,
  type Bypass,
  object,
  podSpec,
  securedContainers,
} from "./bypass";

const knative = (name: string) => `autoscaling.knative.dev/${name}`;
type Annotate = (name: string, value: string) => (object: any) => void;
const annotate: Annotate = (name, value) => (o) =>
  (o.metadata.annotations = { ...o.metadata.annotations, [knative(name)]: value });
const annotateTemplate: Annotate = (name, value) => (o) =>
  (o.spec.template.metadata.annotations[knative(name)] = value);
const annotatePart: Annotate = (name, value) => (o) =>
  (o.spec.predictor.annotations = { [knative(name)]: value });
const is = (name: string, value: string) =>
  new RegExp(`annotation autoscaling\\.knative\\.dev/${name} is "${value}"`);
const unknown = /an annotation autoscaling\.knative\.dev\/… is none of/;

const hpa = "hpa.autoscaling.knative.dev";
const places: [base: Base, place: string, set: Annotate][] = [
  ["inferenceService", "", annotate],
  ["inferenceService", " of the predictor", annotatePart],
  ["knativeService", "", annotateTemplate],
  ["configuration", "", annotateTemplate],
  ["revision", "", annotate],
];

/** What would keep a model's pods while nobody asks. */
export const scaleToZeroBypasses: Bypass[] = [
  ...attempts("scale to zero", [
    ...places.flatMap(([base, place, set]): Attempt[] => [
      [base, `scaled by HPA, in an annotation${place}`, set("class", hpa), is("class", hpa)],
      [base, `a floor, in an annotation${place}`, set("min-scale", "1"), is("min-scale", "1")],
      [base, `a floor in camel case, in an annotation${place}`, set("minScale", "1"), unknown],
    ]),
    ["inferenceService", "scaled by the processor", annotate("metric", "cpu"), is("metric", "cpu")],
    [
      "inferenceService",
      "a last replica that stays for a year",
      annotatePart("scale-to-zero-pod-retention-period", "8760h"),
      is("scale-to-zero-pod-retention-period", "8760h"),
    ],
    [
      "knativeService",
      "replicas that go after a year",
      annotateTemplate("scale-down-delay", "8760h"),
      is("scale-down-delay", "8760h"),
    ],
    ["knativeService", "a window of a day", annotateTemplate("window", "24h"), is("window", "24h")],
    [
      "knativeService",
      "a hundred replicas to begin with",
      annotateTemplate("initial-scale", "100"),
      is("initial-scale", "100"),
    ],
    [
      "knativeService",
      "a hundred replicas to wake up with",
      annotateTemplate("activation-scale", "100"),
      is("activation-scale", "100"),
    ],
    [
      "knativeService",
      "an annotation that nobody knows yet",
      annotateTemplate("keep-warm", "always"),
      unknown,
    ],
    ...["RawDeployment", "Standard", "ModelMesh", "rawdeployment"].map((mode): Attempt => [
      "inferenceService",
      `the mode ${mode}`,
      (o) => (o.metadata.annotations["serving.kserve.io/deploymentMode"] = mode),
      /deploymentMode is/,
    ]),
    [
      "inferenceService",
      "an autoscaler of another class",
      (o) => (o.metadata.annotations["serving.kserve.io/autoscalerClass"] = "external"),
      /autoscalerClass is "external"/,
    ],
    [
      "inferenceService",
      "scaled by memory",
      (o) => (o.spec.predictor.scaleMetric = "memory"),
      /scaleMetric is "memory"/,
    ],
    ["inferenceService", "a floor", (o) => (o.spec.predictor.minReplicas = 1), /minReplicas is 1/],
    [
      "inferenceService",
      "KServe's own floor",
      (o) => delete o.spec.predictor.minReplicas,
      /minReplicas is unset/,
    ],
    [
      "inferenceService",
      "a floor of the transformer",
      (o) => (o.spec.transformer = { containers: securedContainers() }),
      /minReplicas is unset/,
    ],
    [
      "inferenceService",
      "a floor of a canary",
      (o) => {
        o.spec.canary = [{ predictor: structuredClone(o.spec.predictor), trafficPercent: 10 }];
        o.spec.canary[0].predictor.minReplicas = 2;
      },
      /minReplicas is 2/,
    ],
    [
      "inferenceService",
      "workers of a model",
      (o) => (o.spec.predictor.workerSpec = { containers: securedContainers() }),
      /workerSpec is/,
    ],
    ["inferenceGraph", "a floor", (o) => (o.spec.minReplicas = 1), /minReplicas is 1/],
    ["inferenceGraph", "KServe's own floor", (o) => delete o.spec.minReplicas, /minReplicas is/],
    [
      "inferenceGraph",
      "a mode without Knative",
      (o) => (o.metadata.annotations = { "serving.kserve.io/deploymentMode": "RawDeployment" }),
      /deploymentMode is "RawDeployment"/,
    ],
  ]),
  ...["LLMInferenceService", "LLMInferenceServiceConfig"].map((kind): Bypass => {
    const made = object("serving.kserve.io/v1alpha1", kind, {
      spec: { replicas: 1, template: podSpec() },
    });
    return {
      area: "scale to zero",
      title: `${kind}: any at all`,
      object: made,
      files: { "object.yaml": stringify(made) },
      says: /its pods never scale to zero/,
      notAtAdmission: "no stack installs the kind",
    };
  }),
];
