import { type ChartReference, LakeKind } from "../components/connections";
import type { OwnImageName } from "./ownImages";

/**
 * Every version of the platform, in one place, each with its source. Digests of the charts'
 * archives are in chartDigests.json; `mlp versions verify` fills it where there is network.
 */

/**
 * Kubernetes minor of the cluster. 1.35 is what Knative 1.22, Istio 1.30 and CloudNativePG 1.30 all
 * support.
 */
export const kubernetesVersion = "1.35";

/**
 * Knative Serving, from the versions that operator 1.23.0 bundles (knative/operator,
 * cmd/operator/kodata).
 */
export const knativeVersion = "1.22.1";

/**
 * Images of Knative Serving as the operator's manifests of `knativeVersion` pin them
 * (knative/operator, cmd/operator/kodata, tag knative-v1.23.0), by container, or by
 * `deployment/container` where that is ambiguous. They are named only where they come from another
 * registry.
 */
export const knativeImages = {
  activator:
    "gcr.io/knative-releases/knative.dev/serving/cmd/activator@sha256:5deaef961fef8d1417f6d4a4dfae2fc338f2d30d72c4ad58c3ab392b2c04705b",
  autoscaler:
    "gcr.io/knative-releases/knative.dev/serving/cmd/autoscaler@sha256:5bae38655d87df86b041083fbe51791816473245f752432ba9b85a7b12f73cd5",
  "autoscaler-hpa":
    "gcr.io/knative-releases/knative.dev/serving/cmd/autoscaler-hpa@sha256:5e5cb34096b58befe77e9c27f003cde97e7707e9dd047e1d50786892cb566dbf",
  "controller/controller":
    "gcr.io/knative-releases/knative.dev/serving/cmd/controller@sha256:94329d85200c2fc31ed1166a26568ca1357376c149c147e71f400cf28be3c816",
  "webhook/webhook":
    "gcr.io/knative-releases/knative.dev/serving/cmd/webhook@sha256:8470456be214e93a84e3c7b79a632aa9978bd8ecda553feaa47878a2c24ab84d",
  "queue-proxy":
    "gcr.io/knative-releases/knative.dev/serving/cmd/queue@sha256:b1af8bda6c1d32b1cf5fbf8f1f6068c5007a5cebf091039fdea83b88b1fd87f4",
  "net-istio-controller/controller":
    "gcr.io/knative-releases/knative.dev/net-istio/cmd/controller@sha256:61d0004be98355e09a13a8aa1b8006f2cbd91a45944e9e088b45d06901b372f6",
  "net-istio-webhook/webhook":
    "gcr.io/knative-releases/knative.dev/net-istio/cmd/webhook@sha256:d2b95b499d71107060f9c8d523314bb26d8f95e7c558c2472d2e61a3ce2d1462",
  migrate:
    "gcr.io/knative-releases/knative.dev/pkg/apiextensions/storageversion/cmd/migrate@sha256:049f9cb03f4867b3bc4eb6043a33bf8673603fc4ce99c02e7953df049ad63844",
  cleanup:
    "gcr.io/knative-releases/knative.dev/serving/pkg/cleanup/cmd/cleanup@sha256:6f771871352be1f9266615b119d85d949c7acf305316de021dd9c17c3d92e219",
};

// Not storage.googleapis.com/istio-release, which closes in December 2026
// (https://github.com/istio/istio/issues/61467).
const istio = "https://blob.istio.io/istio-release/charts";

/**
 * Helm charts by the component that installs them. A chart on an OCI registry names no repository.
 */
export const charts = {
  mlflow: {
    // https://github.com/cloudnative-pg/charts
    cloudNativePg: {
      chart: "oci://ghcr.io/cloudnative-pg/charts/cloudnative-pg",
      version: "0.29.0",
    },
    barmanCloud: {
      chart: "oci://ghcr.io/cloudnative-pg/charts/plugin-barman-cloud",
      version: "0.7.0",
    },
  },
  ray: {
    // https://github.com/ray-project/kuberay-helm
    kuberay: {
      repository: "https://ray-project.github.io/kuberay-helm",
      chart: "kuberay-operator",
      version: "1.7.0",
    },
    // https://github.com/kubernetes-sigs/kueue/releases/tag/v0.19.2
    kueue: { chart: "oci://registry.k8s.io/kueue/charts/kueue", version: "0.19.2" },
  },
  serving: {
    // https://artifacthub.io/packages/helm/cert-manager/cert-manager
    certManager: { chart: "oci://quay.io/jetstack/charts/cert-manager", version: "v1.21.1" },
    // https://istio.io/latest/docs/setup/install/helm/
    istioBase: { repository: istio, chart: "base", version: "1.30.3" },
    istiod: { repository: istio, chart: "istiod", version: "1.30.3" },
    istioGateway: { repository: istio, chart: "gateway", version: "1.30.3" },
    // https://github.com/knative/operator/releases
    knativeOperator: {
      repository: "https://knative.github.io/operator",
      chart: "knative-operator",
      version: "v1.23.0",
    },
    // https://github.com/kserve/kserve/releases/tag/v0.20.0
    kserveCrd: { chart: "oci://ghcr.io/kserve/charts/kserve-crd", version: "v0.20.0" },
    kserveResources: { chart: "oci://ghcr.io/kserve/charts/kserve-resources", version: "v0.20.0" },
    kserveRuntimeConfigs: {
      chart: "oci://ghcr.io/kserve/charts/kserve-runtime-configs",
      version: "v0.20.0",
    },
  },
  observability: {
    // https://github.com/prometheus-community/helm-charts
    kubePrometheusStack: {
      chart: "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack",
      version: "88.5.3",
    },
    // https://github.com/grafana-community/helm-charts
    loki: { chart: "oci://ghcr.io/grafana-community/helm-charts/loki", version: "18.11.0" },
    // https://github.com/grafana/alloy/tree/main/operations/helm
    alloy: {
      repository: "https://grafana.github.io/helm-charts",
      chart: "alloy",
      version: "1.11.1",
    },
  },
  // https://github.com/seaweedfs/seaweedfs/tree/master/k8s/charts/seaweedfs
  seaweedfs: {
    repository: "https://seaweedfs.github.io/seaweedfs/helm",
    chart: "seaweedfs",
    version: "4.44.0",
  },
} satisfies Record<string, ChartReference | Record<string, ChartReference>>;

/** Every chart that the program can install. */
export const everyChart = Object.values(charts).flatMap<ChartReference>((entry) =>
  "chart" in entry ? [entry] : Object.values(entry),
);

/**
 * Container images of others that the program itself names. `config.images` replaces any of them;
 * the charts bring their own.
 */
export const upstreamImages = {
  /** SeaweedFS server. */
  seaweedfs: "chrislusf/seaweedfs:4.44",
  /** S3 face of Azure Blob. */
  versitygw: "versity/versitygw:v1.8.0",
  /**
   * PostgreSQL as CloudNativePG packages it
   * (https://github.com/cloudnative-pg/postgres-containers).
   */
  postgres: "ghcr.io/cloudnative-pg/postgresql:17.6",
  /** NVIDIA device plugin (https://github.com/NVIDIA/k8s-device-plugin). */
  gpuDevicePlugin: "nvcr.io/nvidia/k8s-device-plugin:v0.17.4",
} satisfies Record<string, string>;

/** Name of an image that the program uses. */
export type ImageName = OwnImageName | keyof typeof upstreamImages;

/** Server and client image of each kind of object store. */
export const lakeImages: Record<LakeKind, { server: ImageName; client: ImageName }> = {
  [LakeKind.Minio]: { server: "minio", client: "minioClient" },
  [LakeKind.SeaweedFs]: { server: "seaweedfs", client: "seaweedfs" },
  [LakeKind.AzureBlob]: { server: "versitygw", client: "minioClient" },
};
