import type { InferenceRedactionRule } from "@mlplatform/contracts/redaction";
import type * as pulumi from "@pulumi/pulumi";
import type { ChartReference, S3Connection } from "../connections";
import type { Placement } from "../kubernetes/placement";

export {
  type InferenceRedactionRule,
  RedactionAction,
  RedactionPart,
} from "@mlplatform/contracts/redaction";

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
  /** Image of the service that stores payload events of models. */
  inferenceTableImage: pulumi.Input<string>;
  /** Image of the hourly run over the Ray logs in the lake. */
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
   * Values that are taken out of payloads before they reach a disk. A rule holds from its change
   * on; what was kept before stays.
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
