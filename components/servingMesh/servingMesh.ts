import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServingConnection } from "../connections";
import { installChart } from "../kubernetes/installChart";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";
import { createCertificate } from "./certificates";
import { createIstio } from "./istio";
import { createKnative } from "./knative";
import { createKserve, createModelRuntime } from "./kserve";
import { createMonitors } from "./monitors";
import { requireTokens } from "./tokens";
import { certManagerValues, knativeGateway, podSettings } from "./values";
import { servingMeshProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import type { ServingMeshArgs } from "./args";
import { type ServingMeshSettings, normalizeServingMesh } from "./normalize";

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
    refuseProblems("ServingMesh", name, servingMeshProblems(name, args));
    super("mlplatform:index:ServingMesh", name, args, opts);
    const settings = normalizeServingMesh(args);
    const scope = { name, parent: this };

    const certManager = createCertManager(scope, settings);
    const istio = createIstio(scope, settings);
    const certificate = createCertificate(
      { ...scope, dependsOn: [certManager, istio] },
      {
        domain: settings.domain,
        certManagerNamespace: certManager.namespace,
        gatewayNamespace: istio.namespace,
        acme: settings.acme,
      },
    );
    if (settings.oidc) {
      requireTokens({ ...scope, dependsOn: [istio] }, settings.oidc, istio.namespace);
    }
    const knative = createKnative({ ...scope, dependsOn: [istio, certificate] }, settings);
    const kserve = createKserve({ ...scope, dependsOn: [certManager, knative] }, settings);
    const runtime = createModelRuntime(
      { ...scope, dependsOn: [kserve] },
      settings.modelServerImage,
    );
    createMonitors(scope, {
      gateway: istio.namespace,
      knative: knative.metadata.namespace,
      kserve: kserve.namespace,
    });

    // By way of the last object, so that whoever uses the connection waits for all of it.
    this.connection = runtime.urn.apply(() => ({
      ingressHost: settings.domain,
      gateway: knativeGateway,
      gatewayNamespace: platformNamespaces.istio,
      jwtIssuer: settings.oidc?.issuer ?? "",
    }));
    this.registerOutputs({ connection: this.connection });
  }
}

function createCertManager(
  { name, parent }: Scope,
  args: ServingMeshSettings,
): k8s.helm.v3.Release {
  const namespace = createNamespace({
    name: `${name}-cert-manager`,
    parent,
    namespace: platformNamespaces.certManager,
    podSecurity: PodSecurity.Restricted,
  }).metadata.name;
  restrictIngress({
    name: `${name}-cert-manager-ingress`,
    parent,
    namespace,
    // The webhook, called by the API server from addresses that no selector matches; metrics.
    ingress: [{ ports: tcpPorts(10250, 9402) }],
  });
  return installChart({
    name: `${name}-cert-manager-chart`,
    parent,
    chart: args.charts.certManager,
    namespace,
    releaseName: "cert-manager",
    values: certManagerValues(podSettings(args), args.acme?.dnsClientId),
    helmValues: args.helmValues?.certManager,
  });
}
