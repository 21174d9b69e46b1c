import { at, type Path } from "./expression";

/** A kind of Kubernetes object that rules speak of. */
export interface ObjectKind {
  kind: string;
  /** API group; empty for the core. */
  group: string;
  /** The version that the program writes; rules hold for every other one too. */
  version: string;
  /** Groups that it was in before: manifests still name them. */
  formerGroups?: readonly string[];
  /** Name in paths of the API. */
  plural: string;
  /** Where its pod specs are. */
  pods: readonly Path[];
  /** Where parts of a container are, which an operator lays over one that it has. */
  overlays?: readonly Path[];
  /** Whether objects are outside of namespaces. */
  isClusterScoped?: boolean;
}

const template = at("object.spec.template.spec");
const rayTemplates = (cluster: string) => [
  at(`object.${cluster}.headGroupSpec.template`),
  at(`object.${cluster}.workerGroupSpecs.*.template`),
];
const specOf = (path: Path): Path => [...path, "spec"];

/** Ray's pod templates, by kind. */
export const rayPodTemplates = {
  RayJob: rayTemplates("spec.rayClusterSpec"),
  RayCluster: rayTemplates("spec"),
  RayService: rayTemplates("spec.rayClusterConfig"),
  RayCronJob: rayTemplates("spec.jobTemplate.rayClusterSpec"),
} satisfies Record<string, readonly Path[]>;

const kind = (
  apiVersion: string,
  name: string,
  plural: string,
  pods: readonly Path[] = [],
): ObjectKind => {
  const [version, group = ""] = apiVersion.split("/").reverse();
  return { kind: name, group, version: version!, plural, pods };
};

/** A kind of Ray with what its clusters are made of. */
const rayKind = (name: keyof typeof rayPodTemplates, cluster: string, jobs: readonly Path[] = []) =>
  ({
    ...kind("ray.io/v1", name, `${name.toLowerCase()}s`, [
      ...jobs,
      ...rayPodTemplates[name].map(specOf),
    ]),
    overlays: [at(`object.${cluster}.autoscalerOptions`)],
  }) satisfies ObjectKind;

/** Parts of an InferenceService with pods of their own. */
const servingParts = ["predictor", "transformer", "explainer"].map((part) =>
  at("object.spec", part),
);
const predictors = [at("object.spec.predictor"), at("object.spec.canary.*.predictor")];

/** What KServe lays over the container of a runtime, by the field of a predictor. */
const predictorOverlays = [
  "model",
  "huggingface",
  "lightgbm",
  "mlflow",
  "onnx",
  "paddle",
  "pmml",
  "pytorch",
  "sklearn",
  "tensorflow",
  "triton",
  "xgboost",
];
const explainerOverlays = ["art", "alibi", "aix"];

const workerSpec = (of: Path): Path => [...of, "workerSpec"];

const servingRuntime = (name: string): ObjectKind =>
  kind("serving.kserve.io/v1alpha1", name, `${name.toLowerCase()}s`, [
    at("object.spec"),
    workerSpec(at("object.spec")),
  ]);

const appsKind = (name: string): ObjectKind => ({
  ...kind("apps/v1", name, `${name.toLowerCase()}s`, [template]),
  formerGroups: ["extensions"],
});

/** Every kind that a rule speaks of: for previews, manifests and the API server. */
export const objectKinds = {
  namespace: { ...kind("v1", "Namespace", "namespaces"), isClusterScoped: true },
  pod: kind("v1", "Pod", "pods", [at("object.spec")]),
  podTemplate: kind("v1", "PodTemplate", "podtemplates", [at("object.template.spec")]),
  replicationController: kind("v1", "ReplicationController", "replicationcontrollers", [template]),
  deployment: appsKind("Deployment"),
  replicaSet: appsKind("ReplicaSet"),
  statefulSet: appsKind("StatefulSet"),
  daemonSet: appsKind("DaemonSet"),
  job: kind("batch/v1", "Job", "jobs", [template]),
  cronJob: kind("batch/v1", "CronJob", "cronjobs", [
    at("object.spec.jobTemplate.spec.template.spec"),
  ]),
  rayJob: rayKind("RayJob", "spec.rayClusterSpec", [at("object.spec.submitterPodTemplate.spec")]),
  rayCronJob: rayKind("RayCronJob", "spec.jobTemplate.rayClusterSpec", [
    at("object.spec.jobTemplate.submitterPodTemplate.spec"),
  ]),
  rayCluster: rayKind("RayCluster", "spec"),
  rayService: rayKind("RayService", "spec.rayClusterConfig"),
  inferenceService: {
    ...kind("serving.kserve.io/v1beta1", "InferenceService", "inferenceservices", [
      ...predictors,
      ...predictors.map(workerSpec),
      ...servingParts.slice(1),
    ]),
    overlays: [
      ...predictors.flatMap((of) => predictorOverlays.map((field) => [...of, field])),
      ...explainerOverlays.map((field) => at("object.spec.explainer", field)),
    ],
  },
  inferenceGraph: kind("serving.kserve.io/v1alpha1", "InferenceGraph", "inferencegraphs"),
  llmInferenceService: kind(
    "serving.kserve.io/v1alpha1",
    "LLMInferenceService",
    "llminferenceservices",
  ),
  llmInferenceServiceConfig: kind(
    "serving.kserve.io/v1alpha1",
    "LLMInferenceServiceConfig",
    "llminferenceserviceconfigs",
  ),
  servingRuntime: servingRuntime("ServingRuntime"),
  clusterServingRuntime: { ...servingRuntime("ClusterServingRuntime"), isClusterScoped: true },
  clusterStorageContainer: {
    ...kind("serving.kserve.io/v1alpha1", "ClusterStorageContainer", "clusterstoragecontainers"),
    overlays: [at("object.spec.container")],
    isClusterScoped: true,
  },
  knativeService: kind("serving.knative.dev/v1", "Service", "services", [template]),
  knativeConfiguration: kind("serving.knative.dev/v1", "Configuration", "configurations", [
    template,
  ]),
  knativeRevision: kind("serving.knative.dev/v1", "Revision", "revisions", [at("object.spec")]),
  knativeServing: kind("operator.knative.dev/v1beta1", "KnativeServing", "knativeservings"),
} satisfies Record<string, ObjectKind>;

/** Kinds with pods, or parts of containers, in them. */
export const podKinds: readonly ObjectKind[] = Object.values<ObjectKind>(objectKinds).filter(
  ({ pods, overlays = [] }) => pods.length + overlays.length > 0,
);

/** The kind of a manifest, whatever version it names; undefined where no rule knows it. */
export function kindNamed(apiVersion: string, name: string): ObjectKind | undefined {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return Object.values<ObjectKind>(objectKinds).find(
    (of) => of.kind === name && (of.group === group || of.formerGroups?.includes(group)),
  );
}

/** Lists of containers in a pod spec. */
export const containerLists = ["initContainers", "containers", "ephemeralContainers"] as const;

/** `apiVersion` of manifests. */
export function apiVersionOf({ group, version }: ObjectKind): string {
  return group === "" ? version : `${group}/${version}`;
}

/** Type token of Pulumi's Kubernetes provider. */
export function typeTokenOf(of: ObjectKind): string {
  return `kubernetes:${of.group === "" ? "core/" : ""}${apiVersionOf(of)}:${of.kind}`;
}
