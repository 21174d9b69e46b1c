/** Spec of a PodMonitor for Ray pods of one role. */
export function rayPodMonitorSpec(role: string, ports: string[]): Record<string, unknown> {
  return {
    namespaceSelector: { any: true },
    selector: { matchLabels: { "ray.io/node-type": role } },
    podMetricsEndpoints: ports.map((port) => ({
      port,
      path: "/metrics",
      interval: "15s",
      // Ray's own dashboards select by this label.
      relabelings: [
        {
          action: "replace",
          sourceLabels: ["__meta_kubernetes_pod_label_ray_io_cluster"],
          targetLabel: "ray_io_cluster",
        },
        {
          action: "replace",
          sourceLabels: ["__meta_kubernetes_pod_label_ray_io_node_type"],
          targetLabel: "ray_io_node_type",
        },
      ],
    })),
  };
}
