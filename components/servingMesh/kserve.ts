import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { S3Addressing, type S3Connection } from "../connections";
import { helmRelease } from "../kubernetes/installChart";
import { createNamespace, PodSecurity, restrictIngress, tcpPorts } from "../kubernetes/namespace";
import { modelRuntimeName, modelRuntimeSpec } from "./modelRuntime";
import type { ServingMeshArgs } from "./args";
import { kserveValues, type ModelStore, podSettings, runtimeConfigValues } from "./values";

/** Installs KServe. Returns the release of its stock runtimes: the last of its parts. */
export function createKserve(
  name: string,
  args: ServingMeshArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  const namespace = createNamespace(
    name,
    { namespace: "kserve", podSecurity: PodSecurity.Restricted },
    { parent: opts.parent },
  ).metadata.name;
  restrictIngress(
    `${name}-kserve-ingress`,
    // Webhooks (called by the API server, which has no pod to select) and metrics.
    { namespace, ingress: [{ ports: tcpPorts(9443, 8443) }] },
    { parent: opts.parent },
  );
  const crds = helmRelease(
    `${name}-kserve-crd`,
    { chart: args.charts.kserveCrd, namespace, releaseName: "kserve-crd", values: {} },
    { parent: opts.parent },
  );
  const controller = helmRelease(
    `${name}-kserve-controller`,
    {
      chart: args.charts.kserveResources,
      namespace,
      releaseName: "kserve",
      values: kserveValues(podSettings(args), args.domain, args.lake && modelStore(args.lake)),
      helmValues: args.helmValues?.kserveResources,
    },
    pulumi.mergeOptions(opts, { dependsOn: [crds] }),
  );
  return helmRelease(
    `${name}-kserve-runtimes`,
    {
      chart: args.charts.kserveRuntimeConfigs,
      namespace,
      releaseName: "kserve-runtime-configs",
      values: runtimeConfigValues(args.imageRegistry),
      helmValues: args.helmValues?.kserveRuntimeConfigs,
    },
    // The controller's webhook checks the runtimes.
    { parent: opts.parent, dependsOn: [controller] },
  );
}

function modelStore(lake: pulumi.Input<S3Connection>): ModelStore {
  const connection = pulumi.output(lake);
  return {
    endpoint: connection.endpoint.apply((endpoint) => new URL(endpoint).host),
    region: connection.region,
    useHttps: connection.endpoint.apply((endpoint) => (endpoint.startsWith("https:") ? "1" : "0")),
    useVirtualBucket: connection.addressing.apply((addressing) =>
      addressing === S3Addressing.VirtualHost ? "true" : "false",
    ),
  };
}

/** Makes the platform's own runtime for MLflow models. */
export function createModelRuntime(
  name: string,
  args: ServingMeshArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${name}-model-runtime`,
    {
      apiVersion: "serving.kserve.io/v1alpha1",
      kind: "ClusterServingRuntime",
      metadata: { name: modelRuntimeName },
      spec: modelRuntimeSpec(args.modelServerImage),
    },
    opts,
  );
}
