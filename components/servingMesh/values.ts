import { lakeKeyVariables } from "@mlplatform/contracts/environment";
import { kserveHostTemplate } from "@mlplatform/contracts/modelHosts";
import { workloadIdentity } from "@mlplatform/contracts/platformLabels";
import type * as pulumi from "@pulumi/pulumi";
import { imageFrom } from "../kubernetes/imageName";
import { anywhere, type Placement } from "../kubernetes/placement";
import { Priority } from "../kubernetes/priority";
import { spreadConstraints } from "../kubernetes/pod";
import type { ServingMeshSettings } from "./normalize";

/**
 * Release of the gateway. Not a choice: its pods get the label `istio: ingressgateway` from this
 * name, and Knative's and KServe's gateways select them by it.
 */
export const gatewayReleaseName = "istio-ingressgateway";

/** Gateway that Knative makes and that both Knative and KServe bind hosts to. */
export const knativeGateway = "knative-serving/knative-ingress-gateway";

/** Where a chart's pods run and how many there are. */
export interface PodSettings {
  /** Pods of each control plane part. */
  replicas: number;
  placement?: Placement;
  /** Registry of the images; each chart's own where none is given. */
  imageRegistry?: string;
}

/** Applies the defaults that all charts share. */
export function podSettings(args: ServingMeshSettings): PodSettings {
  return {
    replicas: args.replicas,
    placement: args.placement,
    imageRegistry: args.imageRegistry,
  };
}

/** How the gateway is reached. */
export interface GatewaySettings extends PodSettings {
  /** False: a ClusterIP Service, for clusters that hand out no load balancers. */
  loadBalancer: boolean;
  /** Whether the load balancer has a private address only. */
  internal: boolean;
  /** CIDRs that may reach the load balancer; empty: all. */
  allowedIpRanges: string[];
}

/** S3 store that model servers download from, as KServe's chart writes it. */
export interface ModelStore {
  /** `host:port`, without a scheme. */
  endpoint: pulumi.Input<string>;
  region: pulumi.Input<string>;
  /** "1" or "0". */
  useHttps: pulumi.Input<string>;
  /** "true" where the bucket is part of the host name. */
  useVirtualBucket: pulumi.Input<string>;
}

/** Helm values of cert-manager. */
export function certManagerValues(
  settings: PodSettings,
  dnsClientId?: string,
): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  const pods = {
    replicaCount: settings.replicas,
    podDisruptionBudget: { enabled: settings.replicas > 1 },
    nodeSelector: { "kubernetes.io/os": "linux", ...nodeSelector },
    tolerations,
  };
  // Ingress only: the port of the API server, which they all call, differs between clusters.
  const networkPolicy = { enabled: true, egress: [{}] };
  const small = { requests: { cpu: "25m", memory: "128Mi" }, limits: { memory: "512Mi" } };
  const spread = (name: string) => ({
    topologySpreadConstraints: spreadConstraints({ "app.kubernetes.io/name": name }),
  });
  return {
    ...pods,
    ...spread("cert-manager"),
    global: { priorityClassName: Priority.Cluster },
    ...(settings.imageRegistry ? { imageRegistry: settings.imageRegistry } : {}),
    crds: { enabled: true, keep: true },
    resources: small,
    networkPolicy,
    prometheus: { enabled: true, servicemonitor: { enabled: true } },
    webhook: { ...pods, ...spread("webhook"), resources: small, networkPolicy },
    cainjector: { ...pods, ...spread("cainjector"), resources: small, networkPolicy },
    startupapicheck: { nodeSelector: pods.nodeSelector, tolerations, resources: small },
    // Entra's webhook gives the pod a token for this identity, which may edit the DNS zone.
    ...(dnsClientId
      ? {
          podLabels: { ...workloadIdentity },
          serviceAccount: { annotations: { "azure.workload.identity/client-id": dnsClientId } },
        }
      : {}),
  };
}

/** Helm values of Istio's CRDs. */
export function istioBaseValues(): Record<string, unknown> {
  return { defaultRevision: "default", global: { enableReaderRBAC: false } };
}

/** Helm values of istiod. */
export function istiodValues(settings: PodSettings): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  return {
    autoscaleMin: settings.replicas,
    autoscaleMax: Math.max(settings.replicas, 5),
    resources: { requests: { cpu: "250m", memory: "1Gi" }, limits: { memory: "2Gi" } },
    seccompProfile: { type: "RuntimeDefault" },
    nodeSelector,
    tolerations,
    topologySpreadConstraints: spreadConstraints({ app: "istiod" }),
    meshConfig: {
      enablePrometheusMerge: true,
      accessLogFile: "/dev/stdout",
      accessLogEncoding: "JSON",
    },
    global: {
      priorityClassName: Priority.Cluster,
      // Not the chart's own registry.istio.io, which closes in December 2026
      // (https://github.com/istio/istio/issues/61467).
      hub: imageFrom(settings.imageRegistry, "docker.io/istio"),
      // No sidecars in model namespaces: KServe's init container would start before the proxy.
      // The gateway's pods ask for injection by their own label.
      proxy: { autoInject: "disabled" },
      defaultPodDisruptionBudget: { enabled: settings.replicas > 1 },
    },
  };
}

/** Helm values of the ingress gateway. */
export function gatewayValues(settings: GatewaySettings): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  return {
    autoscaling: {
      enabled: true,
      minReplicas: settings.replicas,
      maxReplicas: Math.max(settings.replicas, 5),
      targetCPUUtilizationPercentage: 80,
    },
    ...(settings.replicas > 1 ? { podDisruptionBudget: { minAvailable: 1 } } : {}),
    service: settings.loadBalancer
      ? {
          type: "LoadBalancer",
          annotations: settings.internal
            ? { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" }
            : {},
          loadBalancerSourceRanges: settings.allowedIpRanges,
        }
      : { type: "ClusterIP" },
    priorityClassName: Priority.Cluster,
    // The chart's own sysctl, which lets the proxy bind ports 80 and 443, and a seccomp profile.
    securityContext: {
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
      seccompProfile: { type: "RuntimeDefault" },
    },
    topologySpreadConstraints: spreadConstraints({ app: gatewayReleaseName }),
    nodeSelector,
    tolerations,
  };
}

/** A node selector as an affinity. */
function nodesWith(labels: [key: string, value: string][]): Record<string, unknown> {
  const matchExpressions = labels.map(([key, value]) => ({ key, operator: "In", values: [value] }));
  return {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
  };
}

const knativeOperatorImages = "gcr.io/knative-releases/knative.dev/operator/cmd";

/** Helm values of the Knative operator. */
export function knativeOperatorValues(settings: PodSettings): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  const labels = Object.entries(nodeSelector);
  const image = (command: string) =>
    settings.imageRegistry === undefined
      ? {}
      : { image: imageFrom(settings.imageRegistry, `${knativeOperatorImages}/${command}`) };
  const pod = {
    // The chart has no node selector.
    ...(labels.length > 0 ? { affinity: { nodeAffinity: nodesWith(labels) } } : {}),
    tolerations,
    resources: {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { cpu: "1", memory: "1000Mi" },
    },
  };
  return {
    knative_operator: {
      knative_operator: { ...image("operator"), ...pod },
      operator_webhook: { ...image("webhook"), ...pod },
    },
  };
}

/** The one image that KServe's chart names with its tag. */
const rbacProxyImage = "quay.io/brancz/kube-rbac-proxy:v0.18.0";

/** The chart's value for an image by its repository; empty without a registry. */
function kserveImage(registry: string | undefined): (repository: string) => { image?: string } {
  return (repository) => (registry === undefined ? {} : { image: imageFrom(registry, repository) });
}

/** Helm values of KServe's controller. */
export function kserveValues(
  settings: PodSettings,
  domain: string,
  store?: ModelStore,
): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  const image = kserveImage(settings.imageRegistry);
  return {
    kserve: {
      agent: image("kserve/agent"),
      router: image("kserve/router"),
      servingruntime: { art: image("kserve/art-explainer") },
      ...(settings.imageRegistry
        ? { localmodel: { defaultJobImage: image("kserve/storage-initializer").image } }
        : {}),
      controller: {
        ...image("kserve/kserve-controller"),
        // The tag is a release's: what a node has need not be asked for again.
        imagePullPolicy: "IfNotPresent",
        ...(settings.imageRegistry
          ? { rbacProxyImage: imageFrom(settings.imageRegistry, rbacProxyImage) }
          : {}),
        deploymentMode: "Knative",
        gateway: {
          domain,
          domainTemplate: kserveHostTemplate,
          urlScheme: "https",
          ingressGateway: { gateway: knativeGateway, className: "istio", enableGatewayApi: false },
        },
        // The chart's 300Mi is used up by the caches of a few hundred InferenceServices.
        resources: {
          requests: { cpu: "200m", memory: "512Mi" },
          limits: { cpu: "1", memory: "1Gi" },
        },
        nodeSelector,
        tolerations,
      },
      storage: {
        ...image("kserve/storage-initializer"),
        // The chart leaves this one out, and project namespaces enforce `restricted`.
        containerSecurityContext: { seccompProfile: { type: "RuntimeDefault" } },
        s3: {
          accessKeyIdName: lakeKeyVariables.accessKeyId,
          secretAccessKeyName: lakeKeyVariables.secretAccessKey,
          useAnonymousCredential: "false",
          ...(store ? { ...store, verifySSL: store.useHttps } : {}),
        },
      },
    },
  };
}

/** Images of the stock runtimes that stay, by their names in the chart. */
const stockRuntimeImages = {
  art: "kserve/art-explainer",
  autogluonserver: "kserve/autogluonserver",
  huggingfaceserver: "kserve/huggingfaceserver",
  lgbserver: "kserve/lgbserver",
  paddleserver: "kserve/paddleserver",
  pmmlserver: "kserve/pmmlserver",
  predictiveserver: "kserve/predictiveserver",
  sklearnserver: "kserve/sklearnserver",
  tensorflow: "tensorflow/serving",
  tritonserver: "nvcr.io/nvidia/tritonserver",
  xgbserver: "kserve/xgbserver",
};

/**
 * Helm values of KServe's stock runtimes. Out are those that would take models from our own MLflow
 * runtime, are no longer maintained, or have no pinned image.
 */
export function runtimeConfigValues(imageRegistry?: string): Record<string, unknown> {
  const image = kserveImage(imageRegistry);
  return {
    kserve: {
      servingruntime: {
        enabled: true,
        ...Object.fromEntries(
          Object.entries(stockRuntimeImages).map(([name, repository]) => [name, image(repository)]),
        ),
        mlserver: { disabled: true },
        torchserve: { disabled: true },
        vllmserver: { disabled: true },
      },
    },
  };
}
