import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { dashboardReaderRole } from "./values";

/**
 * ClusterRole of Grafana's sidecars, which the chart binds to Grafana's ServiceAccount: ConfigMaps
 * of every namespace, and no Secret.
 */
export function createDashboardReader(
  name: string,
  opts: pulumi.CustomResourceOptions,
): k8s.rbac.v1.ClusterRole {
  return new k8s.rbac.v1.ClusterRole(
    `${name}-dashboard-reader`,
    {
      metadata: { name: dashboardReaderRole },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }],
    },
    opts,
  );
}
