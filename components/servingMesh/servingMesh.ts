import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServingConnection } from "../connections";
import { helmRelease } from "../kubernetes/installChart";
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
import type { ServingMeshArgs } from "./args";

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
