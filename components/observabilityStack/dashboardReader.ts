import * as k8s from "@pulumi/kubernetes";
import type { Scope } from "../scope";
import { dashboardReaderRole } from "./values";

/**
 * ClusterRole of Grafana's sidecars, which the chart binds to Grafana's ServiceAccount: ConfigMaps
 * of every namespace, and no Secret.
 */
export function createDashboardReader({ name, parent }: Scope): k8s.rbac.v1.ClusterRole {
  return new k8s.rbac.v1.ClusterRole(
    `${name}-dashboard-reader`,
    {
      metadata: { name: dashboardReaderRole },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }],
    },
    { parent },
  );
}
