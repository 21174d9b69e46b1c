import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { helmRelease } from "../kubernetes/installChart";
import { createNamespace, PodSecurity, restrictIngress, tcpPorts } from "../kubernetes/namespace";
import { certificateSecret } from "./certificates";
import { knativeServingSpec } from "./knativeServing";
import type { ServingMeshArgs } from "./args";
import { knativeOperatorValues, podSettings } from "./values";

/** Installs Knative's operator and has it install Knative Serving. */
export function createKnative(
  name: string,
  args: ServingMeshArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  const operatorNamespace = createNamespace(
    name,
    // Baseline: the operator's chart sets no seccomp profile.
    { namespace: "knative-operator", podSecurity: PodSecurity.Baseline },
    { parent: opts.parent },
  ).metadata.name;
  restrictIngress(
    `${name}-knative-operator-ingress`,
    // Webhook (called by the API server, which has no pod to select) and metrics.
    { namespace: operatorNamespace, ingress: [{ ports: tcpPorts(8443, 9090) }] },
    { parent: opts.parent },
  );
  const operator = helmRelease(
    `${name}-knative-operator-chart`,
    {
      chart: args.charts.knativeOperator,
      namespace: operatorNamespace,
      releaseName: "knative-operator",
      values: knativeOperatorValues(podSettings(args)),
      helmValues: args.helmValues?.knativeOperator,
    },
    { parent: opts.parent },
  );
  const namespace = createNamespace(
    name,
    // Baseline: the manifests are Knative's, and the operator may bring another version of them.
    { namespace: "knative-serving", podSecurity: PodSecurity.Baseline },
    { parent: opts.parent },
  );
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
        ...podSettings(args),
      }),
    },
    pulumi.mergeOptions(opts, { dependsOn: [operator] }),
  );
}
