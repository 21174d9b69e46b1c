import { at, type Path } from "./expression";

/** A kind of Kubernetes object that rules speak of. */
export interface ObjectKind {
  kind: string;
  /** API group; empty for the core. */
  group: string;
  version: string;
  /** Name in paths of the API. */
  plural: string;
  /** Where its pod specs are. */
  pods: readonly Path[];
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

/** Every kind that a rule speaks of. */
export const objectKinds = {
  namespace: { ...kind("v1", "Namespace", "namespaces"), isClusterScoped: true },
  pod: kind("v1", "Pod", "pods", [at("object.spec")]),
  deployment: kind("apps/v1", "Deployment", "deployments", [template]),
  statefulSet: kind("apps/v1", "StatefulSet", "statefulsets", [template]),
  daemonSet: kind("apps/v1", "DaemonSet", "daemonsets", [template]),
  job: kind("batch/v1", "Job", "jobs", [template]),
  cronJob: kind("batch/v1", "CronJob", "cronjobs", [
    at("object.spec.jobTemplate.spec.template.spec"),
  ]),
  rayJob: kind("ray.io/v1", "RayJob", "rayjobs", [
    at("object.spec.submitterPodTemplate.spec"),
    ...rayPodTemplates.RayJob.map(specOf),
  ]),
  rayCluster: kind(
    "ray.io/v1",
    "RayCluster",
    "rayclusters",
    rayPodTemplates.RayCluster.map(specOf),
  ),
  rayService: kind(
    "ray.io/v1",
    "RayService",
    "rayservices",
    rayPodTemplates.RayService.map(specOf),
  ),
  inferenceService: kind("serving.kserve.io/v1beta1", "InferenceService", "inferenceservices", [
    at("object.spec.predictor"),
    at("object.spec.transformer"),
    at("object.spec.explainer"),
  ]),
  servingRuntime: kind("serving.kserve.io/v1alpha1", "ServingRuntime", "servingruntimes", [
    at("object.spec"),
  ]),
  clusterServingRuntime: {
    ...kind("serving.kserve.io/v1alpha1", "ClusterServingRuntime", "clusterservingruntimes", [
      at("object.spec"),
    ]),
    isClusterScoped: true,
  },
  knativeService: kind("serving.knative.dev/v1", "Service", "services", [template]),
  knativeServing: kind("operator.knative.dev/v1beta1", "KnativeServing", "knativeservings"),
} satisfies Record<string, ObjectKind>;

/** Kinds with pods in them. */
export const podKinds: readonly ObjectKind[] = Object.values(objectKinds).filter(
  ({ pods }) => pods.length > 0,
);

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
