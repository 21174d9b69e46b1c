import { knativeHostTemplate } from "@mlplatform/contracts/modelHosts";
import { gatewayPods } from "@mlplatform/contracts/platformLabels";
import * as pulumi from "@pulumi/pulumi";
import { anywhere, type Placement } from "../kubernetes/placement";

/** What decides the KnativeServing object. */
export interface KnativeSettings {
  /** Version of Knative Serving that the operator installs. */
  version: string;
  /** Domain of all hosts. */
  domain: string;
  /** Pods of each control plane part. */
  replicas: number;
  /** Secret with the wildcard certificate, in the namespace of the gateway's pods. */
  certificateSecret: string;
  /** Images by container, or by `deployment/container`; the manifests' own where none are given. */
  images?: Record<string, string>;
  /** Hosts of registries that the nodes may pull from and Knative's controller may not. */
  nodesRegistries?: pulumi.Input<pulumi.Input<string>[]>;
  placement?: Placement;
}

/**
 * Registries on a developer's machine, which Knative leaves alone by default, and the one of images
 * that lie on the nodes already.
 */
const developersRegistries = ["kind.local", "ko.local", "dev.local", "localhost"];

/** Deployments that the operator makes, by name: what a placement applies to. */
const knativeDeployments = [
  "activator",
  "autoscaler",
  "autoscaler-hpa",
  "controller",
  "webhook",
  "net-istio-controller",
  "net-istio-webhook",
];

/**
 * Knative's own budgets, which keep 80 % of the pods: of one, two or three that is all of them, and
 * no node under them could ever be drained.
 */
const knativeBudgets = ["activator-pdb", "webhook-pdb"];

/** Pod fields that KServe's predictors use and that Knative refuses unless they are switched on. */
const podFeatures = [
  "affinity",
  "fieldref",
  "init-containers",
  "nodeselector",
  "persistent-volume-claim",
  "persistent-volume-write",
  "priorityclassname",
  "runtimeclassname",
  "schedulername",
  "securitycontext",
  "tolerations",
  "topologyspreadconstraints",
];

/**
 * Knative's configuration: one entry becomes the ConfigMap `config-<entry>`. Every value is a
 * string; the webhooks refuse anything else.
 */
function knativeConfig({
  domain,
  images,
  nodesRegistries = [],
}: Pick<KnativeSettings, "domain" | "images" | "nodesRegistries">): Record<
  string,
  Record<string, pulumi.Input<string>>
> {
  const queueProxyImage = images?.["queue-proxy"];
  return {
    network: {
      "ingress-class": "istio.ingress.networking.knative.dev",
      // One label under the domain, as KServe's own hosts have, so that one wildcard certificate
      // and one record cover all projects.
      "domain-template": knativeHostTemplate,
    },
    domain: { [domain]: "" },
    autoscaler: {
      "enable-scale-to-zero": "true",
      "scale-to-zero-grace-period": "30s",
      "stable-window": "60s",
      "initial-scale": "1",
      "allow-zero-initial-scale": "false",
      // Knative's own default is no bound: one burst would take a project's whole quota. A model
      // asks for more by maxReplicas.
      "max-scale": "10",
      "max-scale-limit": "100",
    },
    defaults: { "revision-timeout-seconds": "300", "max-revision-timeout-seconds": "600" },
    deployment: {
      // A GPU node that starts from zero, a large image and a large model.
      "progress-deadline": "1200s",
      // Beside every model; Knative sets a CPU request only, and a project's quota counts it all.
      "queue-sidecar-cpu-request": "25m",
      "queue-sidecar-cpu-limit": "500m",
      "queue-sidecar-memory-request": "64Mi",
      "queue-sidecar-memory-limit": "256Mi",
      // Knative's controller asks the registry for a tag's digest without the identity by which the
      // kubelets pull, and a model whose tag it cannot resolve never starts.
      "registries-skipping-tag-resolving": pulumi
        .output(nodesRegistries)
        .apply((hosts) => [...new Set([...developersRegistries, ...hosts])].join(",")),
      // The operator's override covers pods of its own only; this one is added to every model.
      ...(queueProxyImage ? { "queue-sidecar-image": queueProxyImage } : {}),
    },
    features: {
      ...Object.fromEntries(podFeatures.map((f) => [`kubernetes.podspec-${f}`, "enabled"])),
      "multi-container": "enabled",
      // Project namespaces enforce `restricted`; this fills in what a predictor leaves out.
      "secure-pod-defaults": "enabled",
    },
    gc: {
      "retain-since-create-time": "48h",
      "min-non-active-revisions": "2",
      "max-non-active-revisions": "10",
    },
    observability: {
      "metrics-protocol": "prometheus",
      // Off by default since 1.19; without it there are no request rates or latencies.
      "request-metrics-protocol": "prometheus",
      "tracing-protocol": "none",
    },
  };
}

/** Spec of the KnativeServing object. */
export function knativeServingSpec(settings: KnativeSettings): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  const isPlaced = Object.keys(nodeSelector).length > 0 || tolerations.length > 0;
  return {
    version: settings.version,
    "high-availability": { replicas: settings.replicas },
    podDisruptionBudgets: knativeBudgets.map((name) => ({ name, maxUnavailable: 1 })),
    ingress: {
      istio: {
        enabled: true,
        // The operator replaces the whole list: port 80 has to be repeated beside 443.
        "knative-ingress-gateway": {
          selector: gatewayPods,
          servers: [
            {
              port: { name: "http", number: 80, protocol: "HTTP" },
              hosts: ["*"],
              tls: { httpsRedirect: true },
            },
            {
              port: { name: "https", number: 443, protocol: "HTTPS" },
              hosts: ["*"],
              tls: { mode: "SIMPLE", credentialName: settings.certificateSecret },
            },
          ],
        },
      },
    },
    ...(isPlaced
      ? { workloads: knativeDeployments.map((name) => ({ name, nodeSelector, tolerations })) }
      : {}),
    ...(settings.images ? { registry: { override: settings.images } } : {}),
    config: knativeConfig(settings),
  };
}
