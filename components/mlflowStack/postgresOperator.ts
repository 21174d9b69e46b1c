import type * as pulumi from "@pulumi/pulumi";
import type { ChartReference } from "../connections";
import { helmRelease } from "../helmRelease";
import { registryImage } from "../imageRegistry";
import { anywhere, type Placement } from "../placement";
import {
  createNamespace,
  PodSecurity,
  restrictIngress,
  tcpPorts,
  platformPeer,
} from "../platformNamespace";

/** Namespace of the operator and its plugin; the plugin works only beside the operator. */
export const operatorNamespace = "cnpg-system";

/** What the operator is installed with. */
export interface PostgresOperatorSettings {
  cloudNativePg: ChartReference;
  barmanCloud: ChartReference;
  helmValues?: Record<string, any>;
  placement?: Placement;
  enableMonitors: boolean;
  /** Registry of the images; each chart's own where none is given. */
  imageRegistry?: string;
}

/** Values of the CloudNativePG chart 0.29.0. */
export function operatorValues(
  enableMonitors: boolean,
  placement: Placement,
  imageRegistry?: string,
): Record<string, unknown> {
  return {
    ...registryImage(imageRegistry, "ghcr.io/cloudnative-pg/cloudnative-pg"),
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    monitoring: { podMonitorEnabled: enableMonitors },
    nodeSelector: placement.nodeSelector,
    tolerations: placement.tolerations,
  };
}

/** Values of the plugin-barman-cloud chart 0.7.0; its certificates come from cert-manager. */
export function pluginValues(
  placement: Placement,
  imageRegistry?: string,
): Record<string, unknown> {
  const fromRegistry = { registry: imageRegistry };
  return {
    ...(imageRegistry ? { image: fromRegistry, sidecarImage: fromRegistry } : {}),
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    nodeSelector: placement.nodeSelector,
    tolerations: placement.tolerations,
  };
}

/** Installs the operator, then the plugin. Resolves to both, after which the resources can be used. */
export function createPostgresOperator(
  name: string,
  settings: PostgresOperatorSettings,
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const placement = settings.placement ?? anywhere;
  const namespace = createNamespace(
    name,
    { namespace: operatorNamespace, podSecurity: PodSecurity.Restricted },
    { parent },
  ).metadata.name;
  restrictIngress(`${name}-operator-default-deny`, { namespace }, { parent });
  restrictIngress(
    `${name}-operator`,
    {
      namespace,
      // The API server calls the webhooks from addresses that no selector matches.
      ingress: [
        { ports: tcpPorts(9443) },
        { from: [{ podSelector: {} }], ports: tcpPorts(9090) },
        { from: [platformPeer], ports: tcpPorts(8080) },
      ],
    },
    { parent },
  );
  const operator = helmRelease(
    `${name}-cloudnative-pg`,
    {
      chart: settings.cloudNativePg,
      namespace,
      releaseName: "cloudnative-pg",
      values: operatorValues(settings.enableMonitors, placement, settings.imageRegistry),
      helmValues: settings.helmValues,
    },
    { parent },
  );
  const plugin = helmRelease(
    `${name}-barman-cloud`,
    {
      chart: settings.barmanCloud,
      namespace,
      releaseName: "plugin-barman-cloud",
      values: pluginValues(placement, settings.imageRegistry),
    },
    { parent, dependsOn: [operator] },
  );
  return [operator, plugin];
}
