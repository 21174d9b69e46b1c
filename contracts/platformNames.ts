/** Namespaces that the platform makes; no project can have one of these names. */
export const platformNamespaces = {
  dataLake: "data-lake",
  mlflow: "mlflow",
  observability: "observability",
  observabilityAgents: "observability-agents",
  kserve: "kserve",
  istio: "istio-system",
  knativeServing: "knative-serving",
  knativeOperator: "knative-operator",
  certManager: "cert-manager",
  kuberay: "kuberay-system",
  kueue: "kueue-system",
  gpuDevicePlugin: "gpu-device-plugin",
} as const;

/** ServiceAccounts of a project's pods. */
export const serviceAccounts = { training: "training", serving: "serving" } as const;

/** Secrets in a project's namespace. */
export const projectSecrets = {
  /** Keys of training pods to the lake. */
  lake: "lake-credentials",
  /** Keys by which KServe fetches models. */
  modelStore: "model-store",
} as const;

/** Bucket of the lake itself; the store has others beside it. */
export const lakeBucketName = "lake";

/** Region that clients of every kind of store sign with. */
export const lakeRegion = "us-east-1";

/** Helm release of KubeRay's operator, and the ServiceAccount that its chart names after it. */
export const rayOperatorName = "kuberay-operator";

/** Kueue queue of every project. The name `default` also takes jobs that name no queue. */
export const localQueueName = "default";

/** ClusterServingRuntime for MLflow models; InferenceServices ask for it by name. */
export const modelRuntimeName = "mlplatform-mlflow";

/** Service, workload and metrics job of the inference table. */
export const inferenceTableName = "inference-table";
