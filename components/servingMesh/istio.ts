import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { helmRelease } from "../kubernetes/installChart";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import type { ServingMeshArgs } from "./args";
import {
  gatewayReleaseName,
  gatewayValues,
  istioBaseValues,
  istiodValues,
  podSettings,
} from "./values";

/** Installs Istio without sidecars. Returns the gateway's release: the last of Istio's parts. */
export function createIstio(
  name: string,
  args: ServingMeshArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  // Baseline: the gateway's pods set a sysctl to bind ports 80 and 443 without root.
  const namespace = createNamespace(
    name,
    { namespace: "istio-system", podSecurity: PodSecurity.Baseline },
    opts,
  ).metadata.name;
  const base = helmRelease(
    `${name}-istio-base`,
    {
      chart: args.charts.istioBase,
      namespace,
      releaseName: "istio-base",
      values: istioBaseValues(),
      helmValues: args.helmValues?.istioBase,
    },
    opts,
  );
  const istiod = helmRelease(
    `${name}-istiod`,
    {
      chart: args.charts.istiod,
      namespace,
      releaseName: "istiod",
      values: istiodValues(podSettings(args)),
      helmValues: args.helmValues?.istiod,
    },
    pulumi.mergeOptions(opts, { dependsOn: [base] }),
  );
  return helmRelease(
    `${name}-istio-gateway`,
    {
      chart: args.charts.istioGateway,
      namespace,
      releaseName: gatewayReleaseName,
      values: gatewayValues({
        ...podSettings(args),
        loadBalancer: !args.skipLoadBalancer,
        internal: args.internalLoadBalancer ?? true,
        allowedIpRanges: args.allowedIpRanges ?? [],
      }),
      helmValues: args.helmValues?.istioGateway,
    },
    // istiod injects the proxy into the gateway's pods.
    pulumi.mergeOptions(opts, { dependsOn: [istiod] }),
  );
}
