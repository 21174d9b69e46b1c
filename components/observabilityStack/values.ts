import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import type * as pulumi from "@pulumi/pulumi";
import { anywhere, type Placement } from "../kubernetes/placement";
import { Priority } from "../kubernetes/priority";

/** Namespace of everything but the agents that read the nodes. */
export const observabilityNamespace = platformNamespaces.observability;

/** Namespace of the agents that read the nodes. */
export const agentsNamespace = platformNamespaces.observabilityAgents;

/** Releases; Services, and so the URLs below, are named after them. */
export const prometheusReleaseName = "kube-prometheus-stack";
export const lokiReleaseName = "loki";
export const alloyReleaseName = "alloy";

/** ClusterRole by which Grafana's sidecars find dashboards in any namespace. */
export const dashboardReaderRole = "mlplatform-dashboard-reader";

/** Secret with Grafana's administrator. */
export const grafanaSecretName = "grafana-admin";

/** Bucket of the lake that holds Loki's chunks and index; Loki writes at its root. */
export const lokiBucket = "loki";

/** Address of Loki inside the cluster. */
const lokiUrl = `http://${lokiReleaseName}-gateway.${observabilityNamespace}.svc.cluster.local`;

/** What decides the values of kube-prometheus-stack. */
export interface PrometheusSettings {
  replicas: number;
  retentionDays: number;
  storageGiB: number;
  storageClass?: string;
  /** Public host name of Grafana. */
  grafanaHost?: string;
  placement?: Placement;
  /** Registry of all images; the chart's own where none is given. */
  imageRegistry?: string;
}

/** Where Loki keeps its data. */
export interface LokiStore {
  bucket: pulumi.Input<string>;
  /** Base URL. */
  endpoint: pulumi.Input<string>;
  region: pulumi.Input<string>;
  /** Whether the bucket is part of the path rather than of the host name. */
  pathStyle: pulumi.Input<boolean>;
  /** Whether the endpoint speaks plain HTTP. */
  insecure: pulumi.Input<boolean>;
  /** Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. */
  secretName: pulumi.Input<string>;
}

/** What decides the values of Loki. */
export interface LokiSettings {
  replicas: number;
  retentionDays: number;
  storageClass?: string;
  store: LokiStore;
  placement?: Placement;
  /** Registry of all images; the chart's own where none is given. */
  imageRegistry?: string;
}

/** Resources of sidecars and of Jobs that run for seconds, which the charts leave open. */
const helper = { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } };

/** Helm values of kube-prometheus-stack. */
export function prometheusValues(settings: PrometheusSettings): Record<string, unknown> {
  const pods = settings.placement ?? anywhere;
  const disk = (gib: number) => volumeClaim(gib, settings.storageClass);
  // Control plane parts that a managed cluster hides: their alerts would fire for ever.
  const unreachable = { enabled: false };
  return {
    ...imagesFrom(settings.imageRegistry),
    kubeControllerManager: unreachable,
    kubeScheduler: unreachable,
    kubeEtcd: unreachable,
    kubeProxy: unreachable,
    prometheus: {
      podDisruptionBudget: { enabled: settings.replicas > 1 },
      prometheusSpec: {
        // False: take every monitor and rule of the cluster, not only those of this release.
        serviceMonitorSelectorNilUsesHelmValues: false,
        podMonitorSelectorNilUsesHelmValues: false,
        ruleSelectorNilUsesHelmValues: false,
        probeSelectorNilUsesHelmValues: false,
        scrapeConfigSelectorNilUsesHelmValues: false,
        replicas: settings.replicas,
        retention: `${settings.retentionDays}d`,
        // The rest is for the write-ahead log and for compaction.
        retentionSize: `${Math.floor(settings.storageGiB * 0.8)}GiB`,
        storageSpec: disk(settings.storageGiB),
        resources: { requests: { cpu: "500m", memory: "2Gi" }, limits: { memory: "4Gi" } },
        priorityClassName: Priority.Cluster,
        ...pods,
      },
    },
    alertmanager: {
      podDisruptionBudget: { enabled: settings.replicas > 1 },
      alertmanagerSpec: {
        replicas: settings.replicas,
        storage: disk(5),
        // A route of any namespace may take alerts of all namespaces: one team runs the platform.
        alertmanagerConfigMatcherStrategy: { type: "None" },
        resources: { requests: { cpu: "25m", memory: "64Mi" }, limits: { memory: "256Mi" } },
        automountServiceAccountToken: false,
        priorityClassName: Priority.Cluster,
        ...pods,
      },
    },
    prometheusOperator: {
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
      // The chart's own Jobs make the webhook's certificate, so that this can be the first release
      // of a cluster: all others bring monitors.
      admissionWebhooks: { patch: { enabled: true, resources: helper, ...pods } },
      prometheusConfigReloader: { resources: helper },
      priorityClassName: Priority.Cluster,
      ...pods,
    },
    grafana: grafanaValues(settings.grafanaHost, pods),
    "kube-state-metrics": {
      resources: { requests: { cpu: "25m", memory: "128Mi" }, limits: { memory: "512Mi" } },
      ...pods,
    },
    "prometheus-node-exporter": {
      namespaceOverride: agentsNamespace,
      priorityClassName: Priority.Node,
      resources: { requests: { cpu: "25m", memory: "32Mi" }, limits: { memory: "128Mi" } },
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      containerSecurityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      },
    },
  };
}

function grafanaValues(host: string | undefined, pods: Placement): Record<string, unknown> {
  // Only ConfigMaps: with Secrets the sidecar could read every Secret of the cluster.
  const resource = "configmap";
  return {
    admin: {
      existingSecret: grafanaSecretName,
      userKey: "admin-user",
      passwordKey: "admin-password",
    },
    // Root, and needless without a volume: dashboards and data sources are configuration.
    initChownData: { enabled: false },
    testFramework: { enabled: false },
    // The chart's own ClusterRole reads every Secret of the cluster, whatever the sidecars look
    // for.
    rbac: { useExistingClusterRole: dashboardReaderRole },
    sidecar: {
      resources: { requests: { cpu: "10m", memory: "80Mi" }, limits: { memory: "256Mi" } },
      dashboards: {
        enabled: true,
        label: "grafana_dashboard",
        labelValue: "1",
        searchNamespace: "ALL",
        resource,
        folderAnnotation: "grafana_folder",
        provider: { foldersFromFilesStructure: true },
      },
      datasources: {
        enabled: true,
        label: "grafana_datasource",
        labelValue: "1",
        resource,
      },
    },
    additionalDataSources: [
      { name: "Loki", type: "loki", uid: "loki", access: "proxy", url: lokiUrl },
    ],
    "grafana.ini": {
      analytics: { check_for_updates: false, reporting_enabled: false },
      ...(host ? { server: { root_url: `https://${host}` } } : {}),
    },
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    ...pods,
  };
}

/** Helm values of Loki: one kind of pod, all data in the lake's bucket. */
export function lokiValues(settings: LokiSettings): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  // Two copies need both to write: an even number only adds a way to fail.
  const replicas = settings.replicas >= 3 ? settings.replicas : 1;
  const off = { enabled: false };
  return {
    ...imagesFrom(settings.imageRegistry),
    deploymentMode: "Monolithic",
    loki: {
      auth_enabled: false,
      commonConfig: { replication_factor: Math.min(replicas, 3) },
      schemaConfig: {
        configs: [
          {
            from: "2025-01-01",
            store: "tsdb",
            object_store: "s3",
            schema: "v13",
            index: { prefix: "loki_index_", period: "24h" },
          },
        ],
      },
      storage: {
        type: "s3",
        bucketNames: { chunks: settings.store.bucket, ruler: settings.store.bucket },
        s3: {
          endpoint: settings.store.endpoint,
          region: settings.store.region,
          accessKeyId: "${AWS_ACCESS_KEY_ID}",
          secretAccessKey: "${AWS_SECRET_ACCESS_KEY}",
          s3ForcePathStyle: settings.store.pathStyle,
          insecure: settings.store.insecure,
        },
      },
      limits_config: {
        retention_period: `${settings.retentionDays * 24}h`,
        allow_structured_metadata: true,
      },
      compactor: { retention_enabled: true, delete_request_store: "s3" },
    },
    singleBinary: {
      replicas,
      extraArgs: ["-config.expand-env=true"],
      extraEnvFrom: [{ secretRef: { name: settings.store.secretName } }],
      persistence: {
        enabled: true,
        size: "20Gi",
        ...(settings.storageClass ? { storageClass: settings.storageClass } : {}),
      },
      resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "2Gi" } },
      nodeSelector,
      tolerations,
    },
    gateway: {
      replicas: settings.replicas,
      resources: { requests: { cpu: "25m", memory: "32Mi" }, limits: { memory: "128Mi" } },
      metrics: { resources: helper },
      nodeSelector,
      tolerations,
    },
    read: { replicas: 0 },
    write: { replicas: 0 },
    backend: { replicas: 0 },
    ruler: off,
    // Reads Secrets and ConfigMaps with rules, of which there are none.
    sidecar: { rules: off },
    // By default these want gigabytes of memory.
    chunksCache: off,
    resultsCache: off,
    lokiCanary: off,
    test: off,
    minio: off,
    monitoring: { serviceMonitor: { enabled: true } },
  };
}

/** Helm values of Alloy: one pod on every node. */
export function alloyValues(
  configuration: string,
  imageRegistry?: string,
): Record<string, unknown> {
  return {
    ...(imageRegistry ? { global: { image: { registry: imageRegistry } } } : {}),
    alloy: {
      configMap: { content: configuration },
      extraEnv: [
        { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        { name: "LOKI_URL", value: `${lokiUrl}/loki/api/v1/push` },
      ],
      enableReporting: false,
      mounts: {
        varlog: true,
        extra: [{ name: "positions", mountPath: "/var/lib/alloy" }],
      },
      // On the node, so that a new pod continues where the old one stopped.
      storagePath: "/var/lib/alloy",
      resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
      // The kubelet's log files belong to root.
      securityContext: {
        runAsUser: 0,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      },
    },
    configReloader: { resources: helper },
    controller: {
      type: "daemonset",
      // Logs of every pool, whatever its taints.
      tolerations: [{ operator: "Exists" }],
      priorityClassName: Priority.Node,
      volumes: {
        extra: [
          {
            name: "positions",
            hostPath: { path: "/var/lib/mlplatform-alloy", type: "DirectoryOrCreate" },
          },
        ],
      },
    },
    serviceMonitor: { enabled: true },
  };
}

/** The value by which the charts of Prometheus and of Loki take all images from one registry. */
function imagesFrom(imageRegistry: string | undefined): Record<string, unknown> {
  return imageRegistry ? { global: { imageRegistry } } : {};
}

/** Spec of a disk, as the Prometheus operator takes it. */
function volumeClaim(gib: number, storageClass?: string): Record<string, unknown> {
  return {
    volumeClaimTemplate: {
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: `${gib}Gi` } },
        ...(storageClass ? { storageClassName: storageClass } : {}),
      },
    },
  };
}
