import { inferenceTableVariables, serviceVariables } from "@mlplatform/contracts/environment";
import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import { inferenceTableName } from "@mlplatform/contracts/platformNames";
import { podPorts } from "@mlplatform/contracts/podPorts";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";
import { createDisruptionBudget } from "../kubernetes/disruptionBudget";
import { createMonitor, MonitorKind } from "../kubernetes/monitor";
import { platformPods, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Placement } from "../kubernetes/placement";
import { restrictedContainer, restrictedPodSpec, spreadConstraints } from "../kubernetes/pod";
import { childOptions, type Scope, statefulOptions } from "../scope";
import {
  createInferenceRedaction,
  type InferenceRedaction,
  redactionKeys,
} from "./inferenceRedaction";
import type { InferenceRedactionRule } from "./args";
import { lakeEnvironment } from "./lakeEnvironment";
import { createLastingKey } from "./lastingKey";

const labels = { "app.kubernetes.io/name": inferenceTableName };
/** Key of the ingest key in its Secret. */
const ingestSecretKey = "key";
/** User of the service's image. */
const uid = 65532;

/**
 * When a replica that no longer answers is ended: within 20 seconds. KServe's logger has five
 * workers and no timeout, so a replica that hangs soon holds all five of each agent, and the
 * agents' memory grows with every prediction until their connections break. What the replica
 * acknowledged is on its disk, so ending it loses nothing. `bench/inferenceTable/stall.ts` measures
 * this.
 */
export const inferenceTableLiveness = {
  periodSeconds: 5,
  timeoutSeconds: 2,
  failureThreshold: 3,
  terminationGracePeriodSeconds: 5,
};

/** When new connections go elsewhere. */
export const inferenceTableReadiness = { periodSeconds: 5, timeoutSeconds: 1, failureThreshold: 2 };

/** What decides the inference table's objects. */
export interface InferenceTableSettings {
  namespace: pulumi.Input<string>;
  image: pulumi.Input<string>;
  /** Store with the Secret that grants it. */
  lake: pulumi.Output<S3Connection>;
  replicas: number;
  /** Disk per pod for events that are acknowledged and not yet in the lake. */
  inferenceBufferGiB: number;
  storageClass?: string;
  placement?: Placement;
  protectData: boolean;
  redaction: InferenceRedactionRule[];
  /** Days that predictions are kept; absent: for ever. */
  retentionDays?: number;
  retentionByNamespace: Record<string, number>;
}

/** The service, and what else its senders need. */
export interface InferenceTable {
  service: k8s.core.v1.Service;
  /** What the addresses of projects are made with. */
  ingestKey: pulumi.Output<string>;
}

/** Runs the service that KServe's agents post their payload events to. */
export function createInferenceTable(
  scope: Scope,
  settings: InferenceTableSettings,
): InferenceTable {
  const { name } = scope;
  const { namespace, redaction: rules, protectData } = settings;
  const metadata = { name: inferenceTableName, namespace, labels };
  const service = new k8s.core.v1.Service(
    `${name}-service`,
    {
      metadata,
      spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
    childOptions(scope),
  );
  const redaction =
    rules.length === 0
      ? undefined
      : createInferenceRedaction(scope, { namespace, rules, protectData });
  // A new key would be a new address for every model that is served.
  const ingestKey = createLastingKey(
    { ...scope, name: `${name}-ingest-key` },
    { namespace, field: ingestSecretKey, protectData },
  );
  const secrets = { redaction, ingestSecretName: ingestKey.secretName };
  new k8s.apps.v1.StatefulSet(
    `${name}-server`,
    { metadata, spec: statefulSetSpec(settings, secrets) },
    statefulOptions(scope, protectData),
  );
  if (settings.replicas > 1) {
    createDisruptionBudget({ ...scope, name: `${name}-budget`, metadata, matchLabels: labels });
  }
  admitModels(scope, namespace);
  createMonitor({
    ...scope,
    name: `${name}-monitor`,
    kind: MonitorKind.Service,
    metadata,
    spec: {
      selector: { matchLabels: labels },
      endpoints: [{ port: "http", path: "/metrics", interval: "15s" }],
    },
  });
  return { service, ingestKey: ingestKey.value };
}

/** Lets in the models of all projects, and Prometheus. */
function admitModels(scope: Scope, namespace: pulumi.Input<string>): void {
  const models = {
    matchExpressions: [{ key: "serving.kserve.io/inferenceservice", operator: "Exists" }],
  };
  restrictIngress({
    ...scope,
    name: `${scope.name}-ingress`,
    namespace,
    podSelector: { matchLabels: labels },
    ingress: [
      {
        from: [
          { ...platformPods, podSelector: models },
          { podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } } },
        ],
        ports: tcpPorts(podPorts.inferenceTable),
      },
    ],
  });
}

/** Objects that the pods read secrets of. */
interface TableSecrets {
  redaction: InferenceRedaction | undefined;
  ingestSecretName: pulumi.Output<string>;
}

function statefulSetSpec(
  settings: InferenceTableSettings,
  secrets: TableSecrets,
): k8s.types.input.apps.v1.StatefulSetSpec {
  const { redaction } = secrets;
  return {
    serviceName: inferenceTableName,
    replicas: settings.replicas,
    // Pods do not know each other; a slow one must not hold the next back.
    podManagementPolicy: "Parallel",
    selector: { matchLabels: labels },
    // A buffer may hold events that are acknowledged and not yet in the lake.
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    template: {
      metadata: {
        labels,
        ...(redaction && { annotations: { [platformAnnotations.redaction]: redaction.checksum } }),
      },
      spec: {
        ...restrictedPodSpec(uid, settings.placement),
        // Time to seal the buffer and put it into the lake.
        terminationGracePeriodSeconds: 120,
        ...(settings.replicas > 1 ? { topologySpreadConstraints: spreadConstraints(labels) } : {}),
        containers: [serverContainer(settings, secrets)],
        volumes: [
          { name: "tmp", emptyDir: { sizeLimit: "256Mi" } },
          ...(redaction
            ? [{ name: "redaction", configMap: { name: redaction.configMapName } }]
            : []),
        ],
      },
    },
    volumeClaimTemplates: [
      {
        metadata: { name: "state" },
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: `${settings.inferenceBufferGiB}Gi` } },
          ...(settings.storageClass ? { storageClassName: settings.storageClass } : {}),
        },
      },
    ],
  };
}

// Of the disk: the rest is for the pairing's files and for Parquet on its way.
const logShare = 0.7;

function retentionEnvironment(settings: InferenceTableSettings) {
  const named = Object.entries(settings.retentionByNamespace);
  const byNamespace = named.map(([namespace, days]) => `${namespace}=${days}`).join(",");
  return [
    ...(settings.retentionDays === undefined
      ? []
      : [{ name: inferenceTableVariables.retentionDays, value: `${settings.retentionDays}` }]),
    ...(byNamespace === ""
      ? []
      : [{ name: inferenceTableVariables.retentionByNamespace, value: byNamespace }]),
  ];
}

function redactionEnvironment(redaction: InferenceRedaction) {
  const { secretName } = redaction;
  return [
    { name: inferenceTableVariables.redactionFile, value: `/redaction/${redactionKeys.rules}` },
    {
      name: inferenceTableVariables.redactionKey,
      valueFrom: { secretKeyRef: { name: secretName, key: redactionKeys.key } },
    },
  ];
}

function serverContainer(
  settings: InferenceTableSettings,
  { redaction, ingestSecretName }: TableSecrets,
): k8s.types.input.core.v1.Container {
  return {
    name: inferenceTableName,
    image: settings.image,
    ports: [{ name: "http", containerPort: podPorts.inferenceTable }],
    env: [
      ...lakeEnvironment(settings.lake),
      { name: serviceVariables.stateDirectory, value: "/state" },
      { name: serviceVariables.port, value: `${podPorts.inferenceTable}` },
      {
        name: serviceVariables.logMib,
        value: `${Math.floor(settings.inferenceBufferGiB * 1024 * logShare)}`,
      },
      { name: inferenceTableVariables.replicas, value: `${settings.replicas}` },
      {
        name: inferenceTableVariables.replica,
        valueFrom: {
          fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" },
        },
      },
      ...retentionEnvironment(settings),
      ...(redaction ? redactionEnvironment(redaction) : []),
      {
        name: inferenceTableVariables.ingestKey,
        valueFrom: { secretKeyRef: { name: ingestSecretName, key: ingestSecretKey } },
      },
    ],
    // Agents that still hold an old address get answers until the endpoint is gone everywhere.
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    resources: {
      requests: { cpu: "250m", memory: "1Gi" },
      limits: { cpu: "2", memory: "2Gi" },
    },
    securityContext: restrictedContainer,
    startupProbe: {
      httpGet: { path: "/healthz", port: "http" },
      failureThreshold: 60,
      periodSeconds: 2,
    },
    livenessProbe: { httpGet: { path: "/healthz", port: "http" }, ...inferenceTableLiveness },
    readinessProbe: { httpGet: { path: "/readyz", port: "http" }, ...inferenceTableReadiness },
    volumeMounts: [
      { name: "state", mountPath: "/state" },
      { name: "tmp", mountPath: "/tmp" },
      ...(redaction ? [{ name: "redaction", mountPath: "/redaction", readOnly: true }] : []),
    ],
  };
}
