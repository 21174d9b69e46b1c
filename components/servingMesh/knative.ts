import { gatewayPods } from "@mlplatform/contracts/platformLabels";
import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { installChart } from "../kubernetes/installChart";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { podsIn, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";
import { certificateSecret } from "./certificates";
import { knativeServingSpec } from "./knativeServing";
import { knativeOperatorValues, podSettings } from "./values";
import type { ServingMeshSettings } from "./normalize";

/** Installs Knative's operator and has it install Knative Serving. */
export function createKnative(
  scope: Scope,
  args: ServingMeshSettings,
): k8s.apiextensions.CustomResource {
  const { name, parent, dependsOn = [] } = scope;
  const operator = createOperator(scope, args);
  const namespace = createNamespace({
    name: `${name}-knative-serving`,
    parent,
    namespace: platformNamespaces.knativeServing,
    // Baseline: the manifests are Knative's, and the operator may bring another version of them.
    podSecurity: PodSecurity.Baseline,
  });
  closeActivator(scope, namespace.metadata.name);
  return new k8s.apiextensions.CustomResource(
    `${name}-knative`,
    {
      apiVersion: "operator.knative.dev/v1beta1",
      kind: "KnativeServing",
      metadata: {
        name: "knative-serving",
        namespace: namespace.metadata.name,
        annotations: { "pulumi.com/waitFor": "condition=Ready" },
      },
      spec: knativeServingSpec({
        version: args.knativeVersion,
        domain: args.domain,
        certificateSecret,
        images: args.knativeImages,
        nodesRegistries: nodesRegistries(args),
        ...podSettings(args),
      }),
    },
    { parent, dependsOn: [...dependsOn, operator] },
  );
}

/**
 * The activator passes on whatever names a revision in its headers, and asks for no token: only the
 * gateway, which does, and Knative's own parts reach it.
 */
function closeActivator({ name, parent }: Scope, namespace: pulumi.Input<string>): void {
  restrictIngress({
    name: `${name}-activator-ingress`,
    parent,
    namespace,
    podSelector: { matchLabels: { app: "activator" } },
    ingress: [
      {
        from: [
          { ...podsIn(platformNamespaces.istio), podSelector: { matchLabels: gatewayPods } },
          { podSelector: {} },
        ],
        ports: tcpPorts(8012, 8013, 8112),
      },
      { from: [podsIn(platformNamespaces.observability)], ports: tcpPorts(9090) },
    ],
  });
}

function nodesRegistries({
  registries = [],
  imageRegistry,
}: ServingMeshSettings): pulumi.Output<string[]> {
  const mirror = imageRegistry?.split("/")[0];
  return pulumi.output(registries).apply((hosts) => [...hosts, ...(mirror ? [mirror] : [])]);
}

function createOperator({ name, parent }: Scope, args: ServingMeshSettings): k8s.helm.v3.Release {
  const namespace = createNamespace({
    name: `${name}-knative-operator`,
    parent,
    namespace: platformNamespaces.knativeOperator,
    // Baseline: the operator's chart sets no seccomp profile.
    podSecurity: PodSecurity.Baseline,
  }).metadata.name;
  restrictIngress({
    name: `${name}-knative-operator-ingress`,
    parent,
    namespace,
    // Webhook (called by the API server, which has no pod to select) and metrics.
    ingress: [{ ports: tcpPorts(8443, 9090) }],
  });
  return installChart({
    name: `${name}-knative-operator-chart`,
    parent,
    chart: args.charts.knativeOperator,
    namespace,
    releaseName: "knative-operator",
    values: knativeOperatorValues(podSettings(args)),
    helmValues: args.helmValues?.knativeOperator,
  });
}
