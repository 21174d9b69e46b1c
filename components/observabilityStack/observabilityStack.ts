import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { podPorts } from "@mlplatform/contracts/podPorts";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { InferenceTableConnection } from "../connections";
import { installChart } from "../kubernetes/installChart";
import { createPassword } from "../kubernetes/password";
import type { Scope } from "../scope";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { createDashboardReader } from "./dashboardReader";
import { createInferenceTable, type InferenceTable } from "./inferenceTable";
import { grantLake } from "./lakeGrant";
import { monitorLake } from "./lakeMonitor";
import { createLogKeeper } from "./logKeeper";
import { createAlloy, createLoki } from "./logs";
import { createAlerts, createDashboards } from "./monitoringFiles";
import { closeAgents, createNetworkEdges } from "./network";
import {
  agentsNamespace,
  grafanaSecretName,
  observabilityNamespace,
  prometheusReleaseName,
  prometheusValues,
} from "./values";
import { observabilityStackProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import type { ObservabilityStackArgs } from "./args";
import { type ObservabilityStackSettings, normalizeObservabilityStack } from "./normalize";

/**
 * Metrics, logs and inference events: Prometheus with Grafana and Alertmanager, Loki on the lake,
 * Alloy on every node, the inference table, the platform's dashboards and alerts. A cluster holds
 * one, and it comes before the components whose charts bring monitors.
 *
 * ```ts
 * const observability = new ObservabilityStack("observability", {
 *   charts, lake: lake.connection, inferenceTableImage, logKeeperImage,
 * });
 * export const sink = observability.inferenceTable.url;
 * ```
 */
export class ObservabilityStack extends pulumi.ComponentResource {
  /** Where KServe's loggers post to. */
  readonly inferenceTable: pulumi.Output<InferenceTableConnection>;
  /** What the addresses that projects post their predictions to are made with. A secret. */
  readonly ingestKey: pulumi.Output<string>;
  /** Address of Grafana: public where a host was given, otherwise inside the cluster. */
  readonly grafanaUrl: pulumi.Output<string>;
  /** Secret in namespace `observability` with Grafana's `admin-user` and `admin-password`. */
  readonly grafanaSecretName: pulumi.Output<string>;

  constructor(name: string, args: ObservabilityStackArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseProblems("ObservabilityStack", name, observabilityStackProblems(name, args));
    super("mlplatform:index:ObservabilityStack", name, args, opts);
    const settings = normalizeObservabilityStack(args);
    const scope = { name, parent: this };

    const namespace = createNamespace({
      name: `${name}-${observabilityNamespace}`,
      parent: this,
      namespace: observabilityNamespace,
      podSecurity: PodSecurity.Restricted,
      protectData: settings.protectData,
    }).metadata.name;
    createNetworkEdges(scope, namespace, settings.grafanaHost !== undefined);
    const admin = createGrafanaAdmin(scope, namespace);
    const dashboardReader = createDashboardReader(scope);
    const prometheus = createPrometheus(
      { ...scope, dependsOn: [admin, dashboardReader] },
      settings,
      namespace,
    );
    // The Prometheus operator brings the kinds of the monitors.
    const monitored = { ...scope, dependsOn: [prometheus] };
    createDashboards(scope, namespace);
    createAlerts(monitored, namespace);
    monitorLake(monitored, namespace, pulumi.output(settings.lake).namespace);
    const loki = createLoki(monitored, settings, namespace);
    createAlloy({ ...scope, dependsOn: [loki] }, settings);
    const table = createTable(monitored, settings, namespace);
    createKeeper(scope, settings, namespace);

    this.inferenceTable = inferenceTableAt(table.service);
    this.ingestKey = table.ingestKey;
    this.grafanaUrl = settings.grafanaHost
      ? pulumi.output(`https://${settings.grafanaHost}`)
      : pulumi.interpolate`http://${prometheusReleaseName}-grafana.${namespace}.svc.cluster.local`;
    this.grafanaSecretName = admin.metadata.name;
    this.registerOutputs({
      inferenceTable: this.inferenceTable,
      ingestKey: this.ingestKey,
      grafanaUrl: this.grafanaUrl,
      grafanaSecretName: this.grafanaSecretName,
    });
  }
}

function createGrafanaAdmin(
  { name, parent }: Scope,
  namespace: pulumi.Input<string>,
): k8s.core.v1.Secret {
  const password = createPassword({ name: `${name}-grafana-password`, parent, length: 32 });
  return new k8s.core.v1.Secret(
    `${name}-grafana-admin`,
    {
      metadata: { name: grafanaSecretName, namespace },
      stringData: { "admin-user": "admin", "admin-password": password },
    },
    { parent },
  );
}

function createPrometheus(
  scope: Scope,
  args: ObservabilityStackSettings,
  namespace: pulumi.Input<string>,
): k8s.helm.v3.Release {
  const { name, parent, dependsOn = [] } = scope;
  const agents = createNamespace({
    name: `${name}-${agentsNamespace}`,
    parent,
    namespace: agentsNamespace,
    // Privileged: its pods read the node's files, network and processes.
    podSecurity: PodSecurity.Privileged,
  });
  closeAgents(scope, agents.metadata.name, namespace);
  return installChart({
    name: `${name}-prometheus`,
    parent,
    // Its node exporter runs in the agents' namespace.
    dependsOn: [...dependsOn, agents],
    chart: args.charts.kubePrometheusStack,
    namespace,
    releaseName: prometheusReleaseName,
    values: prometheusValues({
      replicas: args.replicas,
      retentionDays: args.metricsRetentionDays,
      storageGiB: args.metricsStorageGiB,
      storageClass: args.storageClass,
      grafanaHost: args.grafanaHost,
      placement: args.placement,
      imageRegistry: args.imageRegistry,
    }),
    helmValues: args.helmValues?.kubePrometheusStack,
  });
}

function createTable(
  scope: Scope,
  args: ObservabilityStackSettings,
  namespace: pulumi.Input<string>,
): InferenceTable {
  const { name, parent } = scope;
  return createInferenceTable(
    { ...scope, name: `${name}-inference-table` },
    {
      namespace,
      image: args.inferenceTableImage,
      lake: grantLake({ name: `${name}-inference-lake`, parent }, args, {
        namespace,
        secretName: "inference-table-lake",
        prefix: lakeFolders.inferences,
      }),
      replicas: args.inferenceReplicas,
      inferenceBufferGiB: args.inferenceBufferGiB,
      storageClass: args.storageClass,
      placement: args.placement,
      protectData: args.protectData,
      redaction: args.inferenceRedaction,
      retentionDays: args.inferenceRetentionDays,
      retentionByNamespace: args.inferenceRetentionByNamespace,
    },
  );
}

function inferenceTableAt(service: k8s.core.v1.Service): pulumi.Output<InferenceTableConnection> {
  const { name, namespace } = service.metadata;
  return pulumi.all([name, namespace]).apply(([host, own]) => ({
    url: `http://${host}.${own}.svc.cluster.local`,
    namespace: own,
    podPort: podPorts.inferenceTable,
  }));
}

function createKeeper(
  { name, parent }: Scope,
  args: ObservabilityStackSettings,
  namespace: pulumi.Input<string>,
): void {
  createLogKeeper(
    { name: `${name}-log-keeper`, parent },
    {
      namespace,
      image: args.logKeeperImage,
      lake: grantLake({ name: `${name}-keeper-lake`, parent }, args, {
        namespace,
        secretName: "log-keeper-lake",
        prefix: lakeFolders.rayLogs,
      }),
      placement: args.placement,
    },
  );
}
