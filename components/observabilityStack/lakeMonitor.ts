import type * as pulumi from "@pulumi/pulumi";
import { createMonitor, MonitorKind } from "../kubernetes/monitor";
import type { Scope } from "../scope";

/**
 * Spec of the PodMonitor of the store's servers. It is made here because the store comes before the
 * kinds of the monitors: Loki needs the one, the store's component would need the other.
 */
function lakeMonitorSpec(lakeNamespace: pulumi.Input<string>): Record<string, unknown> {
  return {
    namespaceSelector: { matchNames: [lakeNamespace] },
    selector: {
      matchExpressions: [
        { key: "app.kubernetes.io/name", operator: "In", values: ["minio", "seaweedfs"] },
      ],
    },
    podMetricsEndpoints: [
      // Every MinIO server answers for the whole store; alerts take the highest answer.
      { port: "s3", path: "/minio/v2/metrics/cluster", interval: "60s" },
      { port: "metrics", path: "/metrics", interval: "60s" },
    ],
  };
}

/** Lets Prometheus read the store's metrics. */
export function monitorLake(
  scope: Scope,
  namespace: pulumi.Input<string>,
  lakeNamespace: pulumi.Input<string>,
): void {
  createMonitor({
    ...scope,
    name: `${scope.name}-lake-monitor`,
    kind: MonitorKind.Pod,
    metadata: { name: "data-lake", namespace },
    spec: lakeMonitorSpec(lakeNamespace),
  });
}
