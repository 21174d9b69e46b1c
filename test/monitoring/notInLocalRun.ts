/** What the local run has no process for. */
export interface Absent {
  /** Matches selectors as `name{label="value"}`. */
  selector: RegExp;
  reason: string;
}

/** Series of dashboards and alerts that only a cluster has. */
export const notInLocalRun: Absent[] = [
  { selector: /^kn_serving_.*"5\.\."/, reason: "no model of the run fails" },
  { selector: /^kn_revision_/, reason: "Knative's autoscaler runs in a cluster only" },
  { selector: /^istio_/, reason: "Istio's gateway runs in a cluster only" },
  { selector: /^kuberay_/, reason: "KubeRay's operator runs in a cluster only" },
  { selector: /^up\{job="kuberay-operator"\}$/, reason: "the same" },
  { selector: /^kueue_/, reason: "Kueue runs in a cluster only" },
  { selector: /^kube_/, reason: "kube-state-metrics reads the API of a cluster" },
  {
    selector: /^(cnpg|barman)_/,
    reason: "CloudNativePG's instances have an exporter; ours has none",
  },
  { selector: /^up\{job="mlflow\/mlflow-db"\}$/, reason: "the same" },
  { selector: /^certmanager_/, reason: "cert-manager runs in a cluster only" },
  {
    selector: /^mlflow_http_request_total\{status=~"5\.\."\}$/,
    reason: "MLflow fails no request of a healthy run",
  },
  { selector: /^(kubelet|container)_/, reason: "the kubelet measures volumes and containers" },
  { selector: /^ray_node_gpus_/, reason: "Ray measures GPUs, and this machine may have none" },
];
