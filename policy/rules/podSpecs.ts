/** Where a Kubernetes type carries pod specs: paths from the resource's inputs, `*` for every element. */
export const podSpecPaths: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:core/v1:Pod": ["spec"],
  "kubernetes:apps/v1:Deployment": ["spec.template.spec"],
  "kubernetes:apps/v1:StatefulSet": ["spec.template.spec"],
  "kubernetes:apps/v1:DaemonSet": ["spec.template.spec"],
  "kubernetes:apps/v1:ReplicaSet": ["spec.template.spec"],
  "kubernetes:batch/v1:Job": ["spec.template.spec"],
  "kubernetes:batch/v1:CronJob": ["spec.jobTemplate.spec.template.spec"],
  "kubernetes:ray.io/v1:RayCluster": [
    "spec.headGroupSpec.template.spec",
    "spec.workerGroupSpecs.*.template.spec",
  ],
  "kubernetes:ray.io/v1:RayJob": [
    "spec.submitterPodTemplate.spec",
    "spec.rayClusterSpec.headGroupSpec.template.spec",
    "spec.rayClusterSpec.workerGroupSpecs.*.template.spec",
  ],
  "kubernetes:serving.kserve.io/v1beta1:InferenceService": [
    "spec.predictor",
    "spec.transformer",
    "spec.explainer",
  ],
  "kubernetes:serving.kserve.io/v1alpha1:ServingRuntime": ["spec"],
  "kubernetes:serving.kserve.io/v1alpha1:ClusterServingRuntime": ["spec"],
  "kubernetes:serving.knative.dev/v1:Service": ["spec.template.spec"],
};

/** Lists of containers in a pod spec. */
export const containerLists = ["initContainers", "containers", "ephemeralContainers"] as const;
