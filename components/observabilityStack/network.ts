import { inferenceTableName, platformNamespaces } from "@mlplatform/contracts/platformNames";
import type * as pulumi from "@pulumi/pulumi";
import { podsIn, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";
import { agentsNamespace } from "./values";

/** Makes the namespace refuse all but the edges that its parts need. */
export function createNetworkEdges(
  { name, parent }: Scope,
  namespace: pulumi.Input<string>,
  isGrafanaPublic: boolean,
): void {
  restrictIngress({
    name: `${name}-ingress-within`,
    parent,
    namespace,
    // The inference table has stricter rules of its own, and rules only ever add up.
    podSelector: {
      matchExpressions: [
        { key: "app.kubernetes.io/name", operator: "NotIn", values: [inferenceTableName] },
      ],
    },
    ingress: [
      { from: [{ podSelector: {} }] },
      // The Prometheus operator's webhook, called by the API server, which has no pod to select.
      { ports: tcpPorts(10250) },
    ],
  });
  restrictIngress({
    name: `${name}-ingress-logs`,
    parent,
    namespace,
    podSelector: {
      matchLabels: {
        "app.kubernetes.io/name": "loki",
        "app.kubernetes.io/component": "gateway",
      },
    },
    ingress: [{ from: [podsIn(agentsNamespace)], ports: tcpPorts(8080) }],
  });
  if (isGrafanaPublic) {
    restrictIngress({
      name: `${name}-ingress-grafana`,
      parent,
      namespace,
      podSelector: { matchLabels: { "app.kubernetes.io/name": "grafana" } },
      ingress: [{ from: [podsIn(platformNamespaces.istio)], ports: tcpPorts(3000) }],
    });
  }
}

/**
 * Lets only Prometheus into the agents' namespace: to the metrics of Alloy and the node exporter.
 */
export function closeAgents(
  scope: Scope,
  agents: pulumi.Input<string>,
  monitoring: pulumi.Input<string>,
): void {
  restrictIngress({
    ...scope,
    name: `${scope.name}-ingress-agents`,
    namespace: agents,
    ingress: [{ from: [podsIn(monitoring)], ports: tcpPorts(12345, 9100) }],
  });
}
