import * as k8s from "@pulumi/kubernetes";
import { childOptions, type Scope } from "../scope";

/** What a monitor finds its endpoints by. */
export enum MonitorKind {
  /** The pods themselves. */
  Pod = "PodMonitor",
  /** The endpoints of Services. */
  Service = "ServiceMonitor",
}

/** What the Prometheus operator has Prometheus read. */
export interface MonitorSettings extends Scope {
  kind: MonitorKind;
  metadata: k8s.types.input.meta.v1.ObjectMeta;
  spec: Record<string, unknown>;
}

/** Makes a monitor. Its kind must be in the cluster: `ObservabilityStack` brings it. */
export function createMonitor(settings: MonitorSettings): k8s.apiextensions.CustomResource {
  const { name, kind, metadata, spec } = settings;
  return new k8s.apiextensions.CustomResource(
    name,
    { apiVersion: "monitoring.coreos.com/v1", kind, metadata, spec },
    childOptions(settings),
  );
}
