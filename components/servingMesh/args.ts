import type * as pulumi from "@pulumi/pulumi";
import type { OidcArgs } from "../access/args";
import type { ChartReference, S3Connection } from "../connections";
import type { Placement } from "../kubernetes/placement";

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
  /**
   * Hosts of the registries that the nodes pull from by an identity of their own, e.g.
   * `acme.azurecr.io`. Models may name their images by tag.
   * @default - none
   */
  registries?: pulumi.Input<pulumi.Input<string>[]>;
  /** Version of Knative Serving that the operator installs, e.g. "1.22.1". */
  knativeVersion: string;
  /**
   * Images of Knative Serving by container, or by `deployment/container` where that is ambiguous,
   * as `spec.registry.override` of a KnativeServing names them; `queue-proxy` is the sidecar of
   * every model.
   * @default - those that the operator's manifests pin
   */
  knativeImages?: Record<string, string>;
  /** Domain of all models: one answers at `<name>--<namespace>.<domain>`. */
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
   * Whose tokens the gateway accepts, from outside and from inside the cluster. What a token may
   * call, each project says.
   * @default - requests need no token
   */
  oidc?: OidcArgs;
  /**
   * Whether the gateway has a private address only. False needs `oidc`, or `allowedIpRanges`
   * narrower than the internet.
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
