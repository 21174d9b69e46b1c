/** Labels of the platform's objects. */
export const platformLabels = {
  /** Project that an object is about; on a namespace: whose it is. */
  project: "mlplatform.dev/project",
  /** Commit that a training run or a served model is made from. */
  gitCommit: "mlplatform.dev/git-commit",
  /** Kind of node pool that a node belongs to. */
  pool: "mlplatform.dev/pool",
} as const;

/** Label on everything that the platform or a project makes in the cluster, and its value. */
export const partOfLabel = "app.kubernetes.io/part-of";
export const platformName = "mlplatform";

/** The same as labels of an object. */
export const partOfPlatform = { [partOfLabel]: platformName } as const;

/** Gives a pod the Azure identity of its ServiceAccount. */
export const workloadIdentity = { "azure.workload.identity/use": "true" } as const;

/** Labels of the gateway's pods, by which Knative, KServe and Istio's policies select them. */
export const gatewayPods = { istio: "ingressgateway" } as const;
