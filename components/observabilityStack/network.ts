import type * as pulumi from "@pulumi/pulumi";
import { fromNamespace, restrictIngress, tcpPorts } from "../kubernetes/namespace";
import { inferenceTableName } from "./inferenceTable";
import { agentsNamespace } from "./values";

/** Makes the namespace refuse all but the edges that its parts need. */
export function createNetworkEdges(
  name: string,
  namespace: pulumi.Input<string>,
  isGrafanaPublic: boolean,
  opts: pulumi.CustomResourceOptions,
): void {
  restrictIngress(
    `${name}-ingress-within`,
    {
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
    },
    opts,
  );
  restrictIngress(
    `${name}-ingress-logs`,
    {
      namespace,
      podSelector: {
        matchLabels: {
          "app.kubernetes.io/name": "loki",
          "app.kubernetes.io/component": "gateway",
        },
      },
      ingress: [{ from: [fromNamespace(agentsNamespace)], ports: tcpPorts(8080) }],
    },
    opts,
  );
  if (!isGrafanaPublic) {
    return;
  }
  restrictIngress(
    `${name}-ingress-grafana`,
    {
      namespace,
      podSelector: { matchLabels: { "app.kubernetes.io/name": "grafana" } },
      ingress: [{ from: [fromNamespace("istio-system")], ports: tcpPorts(3000) }],
    },
    opts,
  );
}

/**
 * Lets only Prometheus into the agents' namespace: to the metrics of Alloy and the node exporter.
 */
export function closeAgents(
  name: string,
  agents: pulumi.Input<string>,
  monitoring: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): void {
  restrictIngress(
    `${name}-ingress-agents`,
    {
      namespace: agents,
      ingress: [{ from: [fromNamespace(monitoring)], ports: tcpPorts(12345, 9100) }],
    },
    opts,
  );
}
