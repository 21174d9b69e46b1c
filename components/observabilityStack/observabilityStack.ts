import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ChartReference, S3Connection } from "../connections";
import { helmRelease } from "../kubernetes/installChart";
import type { Placement } from "../kubernetes/placement";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { createDashboardReader } from "./dashboardReader";
import type { InferenceRedactionRule } from "./inferenceRedaction";
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

/** Charts that the component installs. */
export interface ObservabilityCharts {
  /** Prometheus, Alertmanager, Grafana and the CRDs of their operator. */
  kubePrometheusStack: ChartReference;
  /** Loki. */
  loki: ChartReference;
  /** Alloy. */
  alloy: ChartReference;
}

/** Extra Helm values by chart, merged last. */
export interface ObservabilityHelmValues {
  /** Merged over the values of `charts.kubePrometheusStack`. */
  kubePrometheusStack?: Record<string, any>;
  /** Merged over the values of `charts.loki`. */
  loki?: Record<string, any>;
  /** Merged over the values of `charts.alloy`. */
  alloy?: Record<string, any>;
}

/** Arguments of {@link ObservabilityStack}. */
export interface ObservabilityStackArgs {
  /** Charts and their versions. */
  charts: ObservabilityCharts;
  /**
   * Registry that the images of the charts come from, e.g. `acme.azurecr.io/mirror`: the host of
   * each name is replaced, its path stays.
   * @default - each image's own registry
   */
  imageRegistry?: string;
  /** Store for logs and inference events. */
  lake: pulumi.Input<S3Connection>;
  /** Namespace of the store. */
  lakeNamespace: pulumi.Input<string>;
  /** Image of the Jobs that grant access to the store. */
  clientImage: string;
  /** Image of the service that stores payload events of models. */
  inferenceTableImage: pulumi.Input<string>;
  /** Image of the nightly run over the Ray logs in the lake. */
  logKeeperImage: pulumi.Input<string>;
  /**
   * Days that metrics are kept; fewer when the disk fills up first.
   * @default 15
   */
  metricsRetentionDays?: number;
  /**
   * GiB of disk of each Prometheus pod. Growing it needs a storage class that can expand.
   * @default 50
   */
  metricsStorageGiB?: number;
  /**
   * Days that pod logs are kept. Lowering it deletes older logs for good.
   * @default 30
   */
  logRetentionDays?: number;
  /**
   * Pods of the inference table. KServe's agent does not send an event again, so one pod means
   * losses whenever it restarts.
   * @default 2
   */
  inferenceReplicas?: number;
  /**
   * GiB of disk of each inference table pod, for events that are not in the lake yet.
   * @default 10
   */
  inferenceBufferGiB?: number;
  /**
   * Values that are taken out of payloads before they reach a disk. A rule holds from its change on;
   * what was kept before stays.
   * @default []
   */
  inferenceRedaction?: InferenceRedactionRule[];
  /**
   * Days that predictions are kept in the lake. Lowering it deletes older ones for good.
   * @default - for ever
   */
  inferenceRetentionDays?: number;
  /**
   * The same for single namespaces, by their name.
   * @default {}
   */
  inferenceRetentionByNamespace?: Record<string, number>;
  /**
   * Pods of Prometheus, of Alertmanager and of Loki's gateway. Loki itself runs as many from 3 on,
   * one below. Each Prometheus has its own disk.
   * @default 1
   */
  replicas?: number;
  /**
   * Public host name of Grafana, for its links; the gateway may then reach it. Routing the host to
   * the Service is the caller's.
   * @default - Grafana is reached by port forwarding
   */
  grafanaHost?: string;
  /**
   * Storage class of all disks.
   * @default - the cluster's default class
   */
  storageClass?: string;
  /**
   * Where everything but the agents on the nodes runs.
   * @default - anywhere
   */
  placement?: Placement;
  /** Escape hatch: extra Helm values by chart. */
  helmValues?: ObservabilityHelmValues;
  /**
   * Protects the namespace and the inference table, and keeps them when the stack is destroyed.
   * False: destroying the stack deletes metrics and events that are not in the lake yet.
   * @default true
   */
  protectData?: boolean;
}

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
      reason: `ObservabilityStack "${name}": \`${propertyPath}\` must be a whole number of ${unit}, at least 1, got ${value}. Leave it out for the default.`,
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
