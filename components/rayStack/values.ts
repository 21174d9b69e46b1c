import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { rayOperatorName } from "@mlplatform/contracts/platformNames";
import { registryImage } from "../kubernetes/imageName";
import { anywhere, type Placement } from "../kubernetes/placement";
import { Priority } from "../kubernetes/priority";
import { spreadConstraints } from "../kubernetes/pod";

/** Releases are named after their charts; dashboards and alerts rely on the names. */
export const kuberayReleaseName = rayOperatorName;
export const kueueReleaseName = "kueue";

/** What decides the values of the two operators. */
export interface RayValuesSettings {
  /** Pods of each operator; one leads, the others stand by. */
  replicas: number;
  /** Where the operators run. */
  placement?: Placement;
  /** Namespace of Prometheus. */
  monitoringNamespace: string;
  /** Registry of the images; each chart's own where none is given. */
  imageRegistry?: string;
}

/** Helm values of the KubeRay operator. */
export function kuberayValues(settings: RayValuesSettings): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  return {
    replicas: settings.replicas,
    priorityClassName: Priority.Cluster,
    // The chart's 100m starves the operator while a cluster of many pods starts.
    resources: {
      requests: { cpu: "200m", memory: "512Mi" },
      limits: { cpu: "1", memory: "1Gi" },
    },
    reconcileConcurrency: 4,
    metrics: { enabled: true, serviceMonitor: { enabled: true } },
    ...registryImage(settings.imageRegistry, "quay.io/kuberay/operator"),
    nodeSelector,
    tolerations,
  };
}

/**
 * Kueue's own configuration. JSON is YAML, so no second serializer is needed. Only Ray's kinds are
 * integrated: with the chart's defaults the webhooks on Pods, Deployments and StatefulSets would
 * fail closed too.
 */
export function kueueConfiguration(): string {
  return JSON.stringify(
    {
      apiVersion: "config.kueue.x-k8s.io/v1beta2",
      kind: "Configuration",
      health: { healthProbeBindAddress: ":8081" },
      metrics: { bindAddress: ":8443", enableClusterQueueResources: true },
      webhook: { port: 9443 },
      leaderElection: { leaderElect: true, resourceName: "c1f6bfd2.kueue.x-k8s.io" },
      clientConnection: { qps: 300, burst: 500 },
      // Gang admission: a Ray cluster that got only some of its pods gives its quota back. The time
      // covers a GPU node that starts from zero and pulls a large image.
      waitForPodsReady: {
        timeout: "20m",
        recoveryTimeout: "5m",
        blockAdmission: false,
        requeuingStrategy: { timestamp: "Eviction", backoffLimitCount: 5, backoffBaseSeconds: 60 },
      },
      integrations: { frameworks: ["ray.io/rayjob", "ray.io/raycluster"] },
      // The chart makes its webhooks of every kind, those of batch Jobs among them, and most fail
      // closed. Without this they reach every namespace: a Kueue that is down would stop the Jobs
      // of cert-manager, of the database and of the lake, which come up beside it.
      managedJobsNamespaceSelector: {
        matchExpressions: [{ key: platformLabels.project, operator: "Exists" }],
      },
    },
    null,
    2,
  );
}

/** Helm values of Kueue. */
export function kueueValues(settings: RayValuesSettings): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  return {
    enablePrometheus: true,
    metrics: { prometheusNamespace: settings.monitoringNamespace },
    controllerManager: {
      replicas: settings.replicas,
      podDisruptionBudget: { enabled: settings.replicas > 1, minAvailable: 1 },
      topologySpreadConstraints: spreadConstraints({ "control-plane": "controller-manager" }),
      manager: {
        priorityClassName: Priority.Cluster,
        ...registryImage(settings.imageRegistry, "registry.k8s.io/kueue/kueue"),
        resources: {
          requests: { cpu: "500m", memory: "512Mi" },
          limits: { cpu: "2", memory: "1Gi" },
        },
      },
      nodeSelector,
      tolerations,
    },
    managerConfig: { controllerManagerConfigYaml: kueueConfiguration() },
  };
}
