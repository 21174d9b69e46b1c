import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";
import { restrictedContainer, restrictedPodSpec, spreadConstraints } from "../restrictedPod";
import { partOfPlatform, restrictIngress, tcpPorts } from "../platformNamespace";
import type { Placement } from "../placement";
import { lakeEnvironment } from "./lakeEnvironment";

/** Name of the Service, of its workload and of all objects around it. */
export const inferenceTableName = "inference-table";

const port = 8080;
const labels = { "app.kubernetes.io/name": inferenceTableName };
/** User of the service's image. */
const uid = 65532;

/** What decides the inference table's objects. */
export interface InferenceTableSettings {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  /** Store with the Secret that grants it. */
  lake: pulumi.Output<S3Connection>;
  replicas: number;
  /** Disk per pod for events that are acknowledged and not yet in the lake. */
  bufferGiB: number;
  storageClass?: string;
  placement?: Placement;
  protectData: boolean;
}

/** Runs the service that KServe's agents post their payload events to. */
export function createInferenceTable(
  name: string,
  settings: InferenceTableSettings,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Service {
  const metadata = { name: inferenceTableName, namespace: settings.namespace, labels };
  const service = new k8s.core.v1.Service(
    `${name}-service`,
    {
      metadata,
      spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
    opts,
  );
  const keep = settings.protectData ? { protect: true, retainOnDelete: true } : {};
  new k8s.apps.v1.StatefulSet(
    `${name}-server`,
    { metadata, spec: statefulSetSpec(settings) },
    pulumi.mergeOptions(opts, keep),
  );
  if (settings.replicas > 1) {
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-budget`,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: labels } } },
      opts,
    );
  }
  restrictIngress(`${name}-ingress`, ingress(settings.namespace), opts);
  new k8s.apiextensions.CustomResource(
    `${name}-monitor`,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "ServiceMonitor",
      metadata,
      spec: {
        selector: { matchLabels: labels },
        endpoints: [{ port: "http", path: "/metrics", interval: "15s" }],
      },
    },
    opts,
  );
  return service;
}

function ingress(namespace: pulumi.Input<string>) {
  return {
    namespace,
    podSelector: { matchLabels: labels },
    ingress: [
      {
        from: [
          {
            namespaceSelector: { matchLabels: partOfPlatform },
            podSelector: {
              matchExpressions: [{ key: "serving.kserve.io/inferenceservice", operator: "Exists" }],
            },
          },
          { podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } } },
        ],
        ports: tcpPorts(port),
      },
    ],
  };
}

function statefulSetSpec(
  settings: InferenceTableSettings,
): k8s.types.input.apps.v1.StatefulSetSpec {
  return {
    serviceName: inferenceTableName,
    replicas: settings.replicas,
    // Pods do not know each other; a slow one must not hold the next back.
    podManagementPolicy: "Parallel",
    selector: { matchLabels: labels },
    // A buffer may hold events that are acknowledged and not yet in the lake.
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    template: {
      metadata: { labels },
      spec: {
        ...restrictedPodSpec(uid, settings.placement),
        // Time to seal the buffer and put it into the lake.
        terminationGracePeriodSeconds: 120,
        ...(settings.replicas > 1 ? { topologySpreadConstraints: spreadConstraints(labels) } : {}),
        containers: [serverContainer(settings)],
        volumes: [{ name: "tmp", emptyDir: { sizeLimit: "256Mi" } }],
      },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: "state" },
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: `${settings.bufferGiB}Gi` } },
          ...(settings.storageClass ? { storageClassName: settings.storageClass } : {}),
        },
      },
    ],
  };
}

function serverContainer(settings: InferenceTableSettings): k8s.types.input.core.v1.Container {
  return {
    name: inferenceTableName,
    image: settings.image,
    ports: [{ name: "http", containerPort: port }],
    env: [
      ...lakeEnvironment(settings.lake),
      { name: "MLP_STATE_DIR", value: "/state" },
      { name: "MLP_PORT", value: `${port}` },
    ],
    resources: {
      requests: { cpu: "250m", memory: "512Mi" },
      limits: { cpu: "2", memory: "1Gi" },
    },
    securityContext: restrictedContainer,
    startupProbe: {
      httpGet: { path: "/healthz", port: "http" },
      failureThreshold: 60,
      periodSeconds: 2,
    },
    livenessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: "/readyz", port: "http" }, periodSeconds: 5 },
    volumeMounts: [
      { name: "state", mountPath: "/state" },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}
