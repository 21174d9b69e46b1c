/**
 * Kubernetes' own priority classes
 * (https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/).
 * A full cluster evicts models and jobs for these pods, not the other way round.
 */
export enum Priority {
  /** What the API server or all models wait for: webhooks, operators, the gateway, metrics. */
  Cluster = "system-cluster-critical",
  /** What each node needs. */
  Node = "system-node-critical",
}
