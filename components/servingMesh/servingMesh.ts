import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartReference, S3Connection, ServingConnection } from "../connections";
import { helmRelease } from "../kubernetes/installChart";
import type { Placement } from "../kubernetes/placement";
import { createNamespace, PodSecurity, restrictIngress, tcpPorts } from "../kubernetes/namespace";
import { createCertificate } from "./certificates";
import { checkServingArgs } from "./problems";
import { createIstio } from "./istio";
import { createKnative } from "./knative";
import { createKserve, createModelRuntime } from "./kserve";
import {
  gatewayMonitorSpec,
  istiodMonitorSpec,
  knativeMonitorSpec,
  kserveMonitorSpec,
  predictorMonitorSpec,
} from "./monitors";
import { requireTokens } from "./tokens";
import { certManagerValues, knativeGateway, podSettings } from "./values";

/** Charts that the component installs. */
export interface ServingCharts {
  /** cert-manager, with its CRDs. */
  certManager: ChartReference;
  /** Istio's CRDs. */
  istioBase: ChartReference;
  /** Istio's control plane. */
  istiod: ChartReference;
  /** Istio's gateway. */
  istioGateway: ChartReference;
  /** Knative's operator, with the CRD of `KnativeServing`. */
  knativeOperator: ChartReference;
  /** KServe's CRDs. */
  kserveCrd: ChartReference;
  /** KServe's controller and configuration. */
  kserveResources: ChartReference;
  /** KServe's stock runtimes. */
  kserveRuntimeConfigs: ChartReference;
}

/** Extra Helm values by chart, merged last. */
export interface ServingHelmValues {
  /** Merged over the values of `charts.certManager`. */
  certManager?: Record<string, any>;
  /** Merged over the values of `charts.istioBase`. */
  istioBase?: Record<string, any>;
  /** Merged over the values of `charts.istiod`. */
  istiod?: Record<string, any>;
  /** Merged over the values of `charts.istioGateway`. */
  istioGateway?: Record<string, any>;
  /** Merged over the values of `charts.knativeOperator`. */
  knativeOperator?: Record<string, any>;
  /** Merged over the values of `charts.kserveResources`. */
  kserveResources?: Record<string, any>;
  /** Merged over the values of `charts.kserveRuntimeConfigs`. */
  kserveRuntimeConfigs?: Record<string, any>;
}

/** Whose tokens the gateway accepts. */
export interface ServingJwtArgs {
  /** Issuer as it stands in the tokens, e.g. `https://login.microsoftonline.com/<tenant>/v2.0`. */
  issuer: string;
  /** Where the issuer publishes its keys. */
  jwksUri: string;
  /** Audiences of which a token must carry one; at least one. */
  audiences: string[];
}

/** A public certificate by ACME, proved in an Azure DNS zone by workload identity. */
export interface ServingAcmeArgs {
  /** Where the authority writes about expiring certificates. */
  email: string;
  /**
   * Directory of the authority.
   * @default "https://acme-v02.api.letsencrypt.org/directory"
   */
  server?: string;
  /** Azure DNS zone that holds the domain. */
  dnsZone: string;
  /** Resource group of the zone. */
  dnsResourceGroup: string;
  /** Subscription of the zone. */
  dnsSubscriptionId: string;
  /**
   * Client id of an identity that may edit the zone and is federated with ServiceAccount
   * `cert-manager/cert-manager`.
   */
  dnsClientId: string;
}

/** Arguments of {@link ServingMesh}. */
export interface ServingMeshArgs {
  /** Charts and their versions. */
  charts: ServingCharts;
  /**
   * Registry that the images of the charts come from, e.g. `acme.azurecr.io/mirror`: the host of
   * each name is replaced, its path stays.
   * @default - each image's own registry
   */
  imageRegistry?: string;
  /** Version of Knative Serving that the operator installs, e.g. "1.22.1". */
  knativeVersion: string;
  /**
   * Images of Knative Serving by container, or by `deployment/container` where that is ambiguous,
   * as `spec.registry.override` of a KnativeServing names them; `queue-proxy` is the sidecar of
   * every model.
   * @default - those that the operator's manifests pin
   */
  knativeImages?: Record<string, string>;
  /** Domain of all models: one answers at `<name>-<namespace>.<domain>`. */
  domain: string;
  /** Image of the MLflow model server. */
  modelServerImage: pulumi.Input<string>;
  /**
   * Store that models are downloaded from, as the cluster-wide default.
   * @default - each project's Secret names its own store
   */
  lake?: pulumi.Input<S3Connection>;
  /**
   * Pods of each control plane part and of the gateway. From 2 on, budgets keep one alive while
   * nodes are drained.
   * @default 1
   */
  replicas?: number;
  /**
   * Whose tokens the gateway accepts. Calls from inside the cluster need none.
   * @default - requests need no token
   */
  jwt?: ServingJwtArgs;
  /**
   * Whether the gateway has a private address only. False needs `jwt` or `allowedIpRanges`.
   * @default true
   */
  internalLoadBalancer?: boolean;
  /**
   * CIDR blocks that may reach the gateway's load balancer.
   * @default - all that can route to it
   */
  allowedIpRanges?: string[];
  /**
   * Leaves the load balancer out: the gateway is a ClusterIP Service, reached by port forwarding.
   * For clusters that hand out no load balancers.
   * @default false
   */
  skipLoadBalancer?: boolean;
  /**
   * Certificates that everyone trusts.
   * @default - a certificate authority of the cluster's own, Secret `cert-manager/mlplatform-ca`
   */
  acme?: ServingAcmeArgs;
  /**
   * Where the control planes and the gateway run.
   * @default - anywhere
   */
  placement?: Placement;
  /** Escape hatch: extra Helm values by chart. */
  helmValues?: ServingHelmValues;
}

/**
 * Serving of models, scaled to zero when idle: cert-manager, Istio as a gateway without sidecars,
 * Knative Serving, KServe and the platform's MLflow runtime. A cluster holds one. The CRDs of
 * `monitoring.coreos.com` must exist (`ObservabilityStack` brings them). Destroying it deletes
 * KServe's CRDs and with them every InferenceService of the cluster.
 *
 * ```ts
 * const serving = new ServingMesh("serving", {
 *   charts, knativeVersion: "1.22.1", domain: "models.example.com", modelServerImage,
 * });
 * export const host = serving.connection.ingressHost;
 * ```
 */
export class ServingMesh extends pulumi.ComponentResource {
  /** Where models are served. */
  readonly connection: pulumi.Output<ServingConnection>;

  constructor(name: string, args: ServingMeshArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mlplatform:index:ServingMesh", name, args, opts);
    checkServingArgs(name, args);
    const child = { parent: this };

    const certManager = createCertManager(name, args, child);
    const istio = createIstio(name, args, child);
    const certificate = createCertificate(
      name,
      {
        domain: args.domain,
        certManagerNamespace: certManager.namespace,
        gatewayNamespace: istio.namespace,
        acme: args.acme,
      },
      { parent: this, dependsOn: [certManager, istio] },
    );
    if (args.jwt) {
      requireTokens(name, args.jwt, istio.namespace, { parent: this, dependsOn: [istio] });
    }
    const knative = createKnative(name, args, { parent: this, dependsOn: [istio, certificate] });
    const kserve = createKserve(name, args, { parent: this, dependsOn: [certManager, knative] });
    const runtime = createModelRuntime(name, args, { parent: this, dependsOn: [kserve] });
    createMonitors(name, istio.namespace, knative.metadata.namespace, kserve.namespace, child);

    // By way of the last object, so that whoever uses the connection waits for all of it.
    this.connection = runtime.urn.apply(() => ({
      ingressHost: args.domain,
      gateway: knativeGateway,
      jwtIssuer: args.jwt?.issuer ?? "",
    }));
    this.registerOutputs({ connection: this.connection });
  }
}

function createCertManager(
  name: string,
  args: ServingMeshArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  const namespace = createNamespace(
    name,
    { namespace: "cert-manager", podSecurity: PodSecurity.Restricted },
    opts,
  );
  restrictIngress(
    `${name}-cert-manager-ingress`,
    {
      namespace: namespace.metadata.name,
      // The webhook, called by the API server from addresses that no selector matches; metrics.
      ingress: [{ ports: tcpPorts(10250, 9402) }],
    },
    opts,
  );
  return helmRelease(
    `${name}-cert-manager-chart`,
    {
      chart: args.charts.certManager,
      namespace: namespace.metadata.name,
      releaseName: "cert-manager",
      values: certManagerValues(podSettings(args), args.acme?.dnsClientId),
      helmValues: args.helmValues?.certManager,
    },
    opts,
  );
}

function createMonitors(
  name: string,
  gatewayNamespace: pulumi.Input<string>,
  knativeNamespace: pulumi.Input<string>,
  kserveNamespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  const monitors: [kind: string, suffix: string, namespace: pulumi.Input<string>, spec: unknown][] =
    [
      ["PodMonitor", "gateway", gatewayNamespace, gatewayMonitorSpec()],
      ["PodMonitor", "knative", knativeNamespace, knativeMonitorSpec()],
      ["PodMonitor", "predictors", kserveNamespace, predictorMonitorSpec()],
      ["ServiceMonitor", "istiod", gatewayNamespace, istiodMonitorSpec()],
      ["ServiceMonitor", "kserve", kserveNamespace, kserveMonitorSpec()],
    ];
  for (const [kind, suffix, namespace, spec] of monitors) {
    new k8s.apiextensions.CustomResource(
      `${name}-monitor-${suffix}`,
      {
        apiVersion: "monitoring.coreos.com/v1",
        kind,
        metadata: { name: suffix, namespace },
        spec,
      },
      opts,
    );
  }
}
