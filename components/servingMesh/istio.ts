import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import type * as k8s from "@pulumi/kubernetes";
import { installChart } from "../kubernetes/installChart";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import type { Scope } from "../scope";
import {
  gatewayReleaseName,
  gatewayValues,
  istioBaseValues,
  istiodValues,
  podSettings,
} from "./values";
import type { ServingMeshSettings } from "./normalize";

/** Installs Istio without sidecars. Returns the gateway's release: the last of Istio's parts. */
export function createIstio(
  { name, parent }: Scope,
  args: ServingMeshSettings,
): k8s.helm.v3.Release {
  const namespace = createNamespace({
    name: `${name}-istio-system`,
    parent,
    namespace: platformNamespaces.istio,
    // Baseline: the gateway's pods set a sysctl to bind ports 80 and 443 without root.
    podSecurity: PodSecurity.Baseline,
  }).metadata.name;
  const base = installChart({
    name: `${name}-istio-base`,
    parent,
    chart: args.charts.istioBase,
    namespace,
    releaseName: "istio-base",
    values: istioBaseValues(),
    helmValues: args.helmValues?.istioBase,
  });
  const istiod = installChart({
    name: `${name}-istiod`,
    parent,
    dependsOn: [base],
    chart: args.charts.istiod,
    namespace,
    releaseName: "istiod",
    values: istiodValues(podSettings(args)),
    helmValues: args.helmValues?.istiod,
  });
  return installChart({
    name: `${name}-istio-gateway`,
    parent,
    // istiod injects the proxy into the gateway's pods.
    dependsOn: [istiod],
    chart: args.charts.istioGateway,
    namespace,
    releaseName: gatewayReleaseName,
    values: gatewayValues({
      ...podSettings(args),
      loadBalancer: !args.skipLoadBalancer,
      internal: args.internalLoadBalancer,
      allowedIpRanges: args.allowedIpRanges,
    }),
    helmValues: args.helmValues?.istioGateway,
  });
}
