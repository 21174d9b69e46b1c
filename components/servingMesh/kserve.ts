import { modelRuntimeName, platformNamespaces } from "@mlplatform/contracts/platformNames";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { S3Addressing, type S3Connection } from "../connections";
import { installChart } from "../kubernetes/installChart";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import { childOptions, type Scope } from "../scope";
import { modelRuntimeSpec } from "./modelRuntime";
import { kserveValues, type ModelStore, podSettings, runtimeConfigValues } from "./values";
import type { ServingMeshSettings } from "./normalize";

/** Installs KServe. Returns the release of its stock runtimes: the last of its parts. */
export function createKserve(scope: Scope, args: ServingMeshSettings): k8s.helm.v3.Release {
  const { name, parent, dependsOn = [] } = scope;
  const namespace = createNamespace({
    name: `${name}-kserve`,
    parent,
    namespace: platformNamespaces.kserve,
    podSecurity: PodSecurity.Restricted,
  }).metadata.name;
  restrictIngress({
    name: `${name}-kserve-ingress`,
    parent,
    namespace,
    // Webhooks (called by the API server, which has no pod to select) and metrics.
    ingress: [{ ports: tcpPorts(9443, 8443) }],
  });
  const crds = installChart({
    name: `${name}-kserve-crd`,
    parent,
    chart: args.charts.kserveCrd,
    namespace,
    releaseName: "kserve-crd",
    values: {},
  });
  const controller = installChart({
    name: `${name}-kserve-controller`,
    parent,
    dependsOn: [...dependsOn, crds],
    chart: args.charts.kserveResources,
    namespace,
    releaseName: "kserve",
    values: kserveValues(podSettings(args), args.domain, args.lake && modelStore(args.lake)),
    helmValues: args.helmValues?.kserveResources,
  });
  return installChart({
    name: `${name}-kserve-runtimes`,
    parent,
    // The controller's webhook checks the runtimes.
    dependsOn: [controller],
    chart: args.charts.kserveRuntimeConfigs,
    namespace,
    releaseName: "kserve-runtime-configs",
    values: runtimeConfigValues(args.imageRegistry),
    helmValues: args.helmValues?.kserveRuntimeConfigs,
  });
}

function modelStore(lake: pulumi.Input<S3Connection>): ModelStore {
  const connection = pulumi.output(lake);
  return {
    endpoint: connection.address,
    region: connection.region,
    useHttps: connection.usesTls.apply((usesTls) => (usesTls ? "1" : "0")),
    useVirtualBucket: connection.addressing.apply((addressing) =>
      addressing === S3Addressing.VirtualHost ? "true" : "false",
    ),
  };
}

/** Makes the platform's own runtime for MLflow models. */
export function createModelRuntime(
  scope: Scope,
  image: pulumi.Input<string>,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${scope.name}-model-runtime`,
    {
      apiVersion: "serving.kserve.io/v1alpha1",
      kind: "ClusterServingRuntime",
      metadata: { name: modelRuntimeName },
      spec: modelRuntimeSpec(image),
    },
    childOptions(scope),
  );
}
