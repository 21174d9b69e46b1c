import type * as pulumi from "@pulumi/pulumi";
import type { ChartReference } from "../connections";
import { installChart } from "../kubernetes/installChart";
import { registryImage } from "../kubernetes/imageName";
import { anywhere, type Placement } from "../kubernetes/placement";
import { Priority } from "../kubernetes/priority";
import { spreadConstraints } from "../kubernetes/pod";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { platformPods, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";

/** Namespace of the operator and its plugin; the plugin works only beside the operator. */
export const operatorNamespace = "cnpg-system";

/** What the operator is installed with. */
export interface PostgresOperatorSettings extends OperatorPods {
  cloudNativePg: ChartReference;
  barmanCloud: ChartReference;
  helmValues?: Record<string, any>;
}

/** What decides the values of both charts. */
export interface OperatorPods {
  /** Pods of the operator; one leads, the others stand by. */
  replicas: number;
  enableMonitors: boolean;
  placement?: Placement;
  /** Registry of the images; each chart's own where none is given. */
  imageRegistry?: string;
}

/** Values of the CloudNativePG chart 0.29.0. */
export function operatorValues(settings: OperatorPods): Record<string, unknown> {
  const { nodeSelector, tolerations } = settings.placement ?? anywhere;
  return {
    ...registryImage(settings.imageRegistry, "ghcr.io/cloudnative-pg/cloudnative-pg"),
    replicaCount: settings.replicas,
    topologySpreadConstraints: spreadConstraints({ "app.kubernetes.io/name": "cloudnative-pg" }),
    priorityClassName: Priority.Cluster,
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    monitoring: { podMonitorEnabled: settings.enableMonitors },
    nodeSelector,
    tolerations,
  };
}

/** Values of the plugin-barman-cloud chart 0.7.0; its certificates come from cert-manager. */
export function pluginValues({ placement, imageRegistry }: OperatorPods): Record<string, unknown> {
  const { nodeSelector, tolerations } = placement ?? anywhere;
  const fromRegistry = { registry: imageRegistry };
  return {
    ...(imageRegistry ? { image: fromRegistry, sidecarImage: fromRegistry } : {}),
    priorityClassName: Priority.Cluster,
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    nodeSelector,
    tolerations,
  };
}

/**
 * Installs the operator, then the plugin. Resolves to both, after which the resources can be used.
 */
export function createPostgresOperator(
  { name, parent }: Scope,
  settings: PostgresOperatorSettings,
): pulumi.Resource[] {
  const namespace = createNamespace({
    name: `${name}-${operatorNamespace}`,
    parent,
    namespace: operatorNamespace,
    podSecurity: PodSecurity.Restricted,
  }).metadata.name;
  restrictIngress({ name: `${name}-operator-default-deny`, parent, namespace });
  restrictIngress({
    name: `${name}-operator`,
    parent,
    namespace,
    // The API server calls the webhooks from addresses that no selector matches.
    ingress: [
      { ports: tcpPorts(9443) },
      { from: [{ podSelector: {} }], ports: tcpPorts(9090) },
      { from: [platformPods], ports: tcpPorts(8080) },
    ],
  });
  const operator = installChart({
    name: `${name}-cloudnative-pg`,
    parent,
    chart: settings.cloudNativePg,
    namespace,
    releaseName: "cloudnative-pg",
    values: operatorValues(settings),
    helmValues: settings.helmValues,
  });
  const plugin = installChart({
    name: `${name}-barman-cloud`,
    parent,
    dependsOn: [operator],
    chart: settings.barmanCloud,
    namespace,
    releaseName: "plugin-barman-cloud",
    values: pluginValues(settings),
  });
  return [operator, plugin];
}
