import { gatewayPods } from "@mlplatform/contracts/platformLabels";
import type * as pulumi from "@pulumi/pulumi";
import { createMonitor, MonitorKind } from "../kubernetes/monitor";
import type { Scope } from "../scope";

/** Namespaces that the monitors are made in. */
export interface MonitoredNamespaces {
  gateway: pulumi.Input<string>;
  knative: pulumi.Input<string>;
  kserve: pulumi.Input<string>;
}

/** Has Prometheus read the gateway, the control planes and every model. */
export function createMonitors(
  { name, parent }: Scope,
  { gateway, knative, kserve }: MonitoredNamespaces,
): void {
  const monitors = [
    {
      object: "gateway",
      kind: MonitorKind.Pod,
      namespace: gateway,
      spec: gatewayMonitorSpec(),
    },
    { object: "knative", kind: MonitorKind.Pod, namespace: knative, spec: knativeMonitorSpec() },
    {
      object: "predictors",
      kind: MonitorKind.Pod,
      namespace: kserve,
      spec: predictorMonitorSpec(),
    },
    { object: "istiod", kind: MonitorKind.Service, namespace: gateway, spec: istiodMonitorSpec() },
    { object: "kserve", kind: MonitorKind.Service, namespace: kserve, spec: kserveMonitorSpec() },
  ];
  for (const { object, kind, namespace, spec } of monitors) {
    createMonitor({
      name: `${name}-monitor-${object}`,
      parent,
      kind,
      metadata: { name: object, namespace },
      spec,
    });
  }
}

/**
 * Spec of the PodMonitor of all predictors: Knative's request metrics and the model server's own.
 */
function predictorMonitorSpec(): Record<string, unknown> {
  return {
    namespaceSelector: { any: true },
    selector: {
      matchExpressions: [{ key: "serving.kserve.io/inferenceservice", operator: "Exists" }],
    },
    podTargetLabels: [
      "serving.kserve.io/inferenceservice",
      "component",
      "serving.knative.dev/revision",
    ],
    // `http-usermetric` is the queue-proxy's; Knative renames the model server's port `user-port`.
    podMetricsEndpoints: ["http-usermetric", "user-port"].map((port) => ({
      port,
      path: "/metrics",
      interval: "15s",
    })),
  };
}

/** Spec of the PodMonitor of Knative's control plane: desired and actual pods of each revision. */
function knativeMonitorSpec(): Record<string, unknown> {
  return {
    selector: {
      matchExpressions: [
        { key: "app", operator: "In", values: ["activator", "autoscaler", "controller"] },
      ],
    },
    podTargetLabels: ["app"],
    podMetricsEndpoints: [{ port: "metrics", path: "/metrics", interval: "30s" }],
  };
}

/** Spec of the ServiceMonitor of Istio's control plane. */
function istiodMonitorSpec(): Record<string, unknown> {
  return {
    selector: { matchLabels: { istio: "pilot" } },
    endpoints: [{ port: "http-monitoring", interval: "30s" }],
  };
}

/**
 * Spec of the ServiceMonitor of KServe's controller. The proxy in front of its metrics asks for a
 * token and has a certificate of its own making.
 */
function kserveMonitorSpec(): Record<string, unknown> {
  return {
    selector: { matchLabels: { "control-plane": "kserve-controller-manager" } },
    endpoints: [
      {
        port: "https",
        scheme: "https",
        interval: "30s",
        bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
        tlsConfig: { insecureSkipVerify: true },
      },
    ],
  };
}

/** Spec of the PodMonitor of the gateway's proxies. */
function gatewayMonitorSpec(): Record<string, unknown> {
  return {
    selector: { matchLabels: gatewayPods },
    podTargetLabels: ["istio"],
    podMetricsEndpoints: [{ port: "http-envoy-prom", path: "/stats/prometheus", interval: "30s" }],
  };
}
