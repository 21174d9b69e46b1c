import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { helmRelease } from "../kubernetes/installChart";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { createDashboardReader } from "./dashboardReader";
import { createInferenceTable } from "./inferenceTable";
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
import type { ObservabilityStackArgs } from "./args";

/**
 * Metrics, logs and inference events: Prometheus with Grafana and Alertmanager, Loki on the lake,
 * Alloy on every node, the inference table, the platform's dashboards and alerts. A cluster holds
 * one, and it comes before the components whose charts bring monitors.
 *
 * ```ts
 * const observability = new ObservabilityStack("observability", {
 *   charts, lake: lake.connection, lakeNamespace: lake.namespace,
 *   clientImage, inferenceTableImage, logKeeperImage,
 * });
 * export const sink = observability.inferenceTableUrl;
 * ```
 */
export class ObservabilityStack extends pulumi.ComponentResource {
  /** Where KServe's loggers post to: `http://inference-table.observability.svc.cluster.local`. */
  readonly inferenceTableUrl: pulumi.Output<string>;
  /** Address of Grafana: public where a host was given, otherwise inside the cluster. */
  readonly grafanaUrl: pulumi.Output<string>;
  /** Secret in namespace `observability` with Grafana's `admin-user` and `admin-password`. */
  readonly grafanaSecretName: pulumi.Output<string>;

  constructor(name: string, args: ObservabilityStackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mlplatform:index:ObservabilityStack", name, args, opts);
    checkArgs(name, args);
    const child = { parent: this };
    const protectData = args.protectData ?? true;

    const namespace = createNamespace(
      name,
      { namespace: observabilityNamespace, podSecurity: PodSecurity.Restricted, protectData },
      child,
    ).metadata.name;
    createNetworkEdges(name, namespace, args.grafanaHost !== undefined, child);
    const admin = createGrafanaAdmin(name, namespace, child);
    const dashboardReader = createDashboardReader(name, child);
    const prometheus = createPrometheus(name, args, namespace, {
      parent: this,
      dependsOn: [admin, dashboardReader],
    });
    const monitored = { parent: this, dependsOn: [prometheus] };
    createDashboards(name, namespace, child);
    createAlerts(name, namespace, monitored);
    monitorLake(name, namespace, args.lakeNamespace, monitored);
    const loki = createLoki(name, args, namespace, monitored);
    createAlloy(name, args, { parent: this, dependsOn: [loki] });
    const service = createTable(name, args, namespace, monitored);
    createKeeper(name, args, namespace, child);

    this.inferenceTableUrl = pulumi.interpolate`http://${service.metadata.name}.${namespace}.svc.cluster.local`;
    this.grafanaUrl = args.grafanaHost
      ? pulumi.output(`https://${args.grafanaHost}`)
      : pulumi.interpolate`http://${prometheusReleaseName}-grafana.${namespace}.svc.cluster.local`;
    this.grafanaSecretName = admin.metadata.name;
    this.registerOutputs({
      inferenceTableUrl: this.inferenceTableUrl,
      grafanaUrl: this.grafanaUrl,
      grafanaSecretName: this.grafanaSecretName,
    });
  }
}

function checkArgs(name: string, args: ObservabilityStackArgs): void {
  const errors: pulumi.InputPropertyErrorDetails[] = [];
  const check = (propertyPath: string, value: number | undefined, unit: string) => {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) {
      return;
    }
    errors.push({
      propertyPath,
      reason:
        `ObservabilityStack "${name}": \`${propertyPath}\` must be a whole number of ${unit}, ` +
        `at least 1, got ${value}. Leave it out for the default.`,
    });
  };
  check("metricsRetentionDays", args.metricsRetentionDays, "days");
  check("metricsStorageGiB", args.metricsStorageGiB, "GiB");
  check("logRetentionDays", args.logRetentionDays, "days");
  check("inferenceReplicas", args.inferenceReplicas, "pods");
  check("inferenceBufferGiB", args.inferenceBufferGiB, "GiB");
  check("inferenceRetentionDays", args.inferenceRetentionDays, "days");
  for (const [namespace, days] of Object.entries(args.inferenceRetentionByNamespace ?? {})) {
    check(`inferenceRetentionByNamespace.${namespace}`, days, "days");
  }
  check("replicas", args.replicas, "pods");
  if (errors.length === 0) {
    return;
  }
  const message = errors.map(({ reason }) => reason).join("\n");
  throw new pulumi.InputPropertiesError({ message, errors });
}

function createGrafanaAdmin(
  name: string,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
  const password = new random.RandomPassword(
    `${name}-grafana-password`,
    { length: 32, special: false },
    opts,
  );
  return new k8s.core.v1.Secret(
    `${name}-grafana-admin`,
    {
      metadata: { name: grafanaSecretName, namespace },
      stringData: { "admin-user": "admin", "admin-password": password.result },
    },
    opts,
  );
}

function createPrometheus(
  name: string,
  args: ObservabilityStackArgs,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  // Privileged: its pods read the node's files, network and processes.
  const agents = createNamespace(
    name,
    { namespace: agentsNamespace, podSecurity: PodSecurity.Privileged },
    { parent: opts.parent },
  );
  closeAgents(name, agents.metadata.name, namespace, opts);
  return helmRelease(
    `${name}-prometheus`,
    {
      chart: args.charts.kubePrometheusStack,
      namespace,
      releaseName: prometheusReleaseName,
      values: prometheusValues({
        replicas: args.replicas ?? 1,
        retentionDays: args.metricsRetentionDays ?? 15,
        storageGiB: args.metricsStorageGiB ?? 50,
        storageClass: args.storageClass,
        grafanaHost: args.grafanaHost,
        placement: args.placement,
        imageRegistry: args.imageRegistry,
      }),
      helmValues: args.helmValues?.kubePrometheusStack,
    },
    // Its node exporter runs in the agents' namespace.
    pulumi.mergeOptions(opts, { dependsOn: [agents] }),
  );
}

function createTable(
  name: string,
  args: ObservabilityStackArgs,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Service {
  const settings = { secretName: "inference-table-lake", prefix: "inferences/" };
  return createInferenceTable(
    `${name}-inference-table`,
    {
      namespace,
      image: args.inferenceTableImage,
      lake: grantLake(`${name}-inference-lake`, args, settings, namespace, { parent: opts.parent }),
      replicas: args.inferenceReplicas ?? 2,
      bufferGiB: args.inferenceBufferGiB ?? 10,
      storageClass: args.storageClass,
      placement: args.placement,
      protectData: args.protectData ?? true,
      redaction: args.inferenceRedaction ?? [],
      retentionDays: args.inferenceRetentionDays,
      retentionByNamespace: args.inferenceRetentionByNamespace ?? {},
    },
    opts,
  );
}

function createKeeper(
  name: string,
  args: ObservabilityStackArgs,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  const settings = { secretName: "log-keeper-lake", prefix: "raylogs/" };
  createLogKeeper(
    `${name}-log-keeper`,
    {
      namespace,
      image: args.logKeeperImage,
      lake: grantLake(`${name}-keeper-lake`, args, settings, namespace, opts),
      placement: args.placement,
    },
    opts,
  );
}
