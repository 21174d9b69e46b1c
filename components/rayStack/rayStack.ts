import { offloaderSidecar } from "@mlplatform/contracts/offloaderSidecar";
import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { NodePoolKind } from "../connections";
import { installChart } from "../kubernetes/installChart";
import { createMonitor, MonitorKind } from "../kubernetes/monitor";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";
import { createDevicePlugin } from "./devicePlugin";
import { rayPodMonitorSpec } from "./podMonitors";
import { clusterQueueSpec, flavorSpec, queuedPools, type QueueSettings } from "./queue";
import { kuberayReleaseName, kuberayValues, kueueReleaseName, kueueValues } from "./values";
import { rayStackProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import type { RayStackArgs } from "./args";
import { type RayStackSettings, normalizeRayStack } from "./normalize";

/**
 * Ray on Kubernetes with quotas: the KubeRay operator, Kueue with one flavor per node pool and one
 * ClusterQueue, and the monitors of Ray's metrics. A cluster holds one. The CRDs of
 * `monitoring.coreos.com` must exist (`ObservabilityStack` brings them).
 *
 * ```ts
 * const ray = new RayStack("ray", { charts, cpuQuota: 64, memoryQuotaGiB: 256, gpuQuota: 4 });
 * export const queue = ray.clusterQueue;
 * ```
 */
export class RayStack extends pulumi.ComponentResource {
  /** Name of the ClusterQueue that projects' LocalQueues point to. */
  readonly clusterQueue: pulumi.Output<string>;

  constructor(name: string, args: RayStackArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseProblems("RayStack", name, rayStackProblems(name, args));
    super("mlplatform:index:RayStack", name, args, opts);
    const settings = normalizeRayStack(args);
    const scope = { name, parent: this };

    const kuberay = createKuberay(scope, settings);
    const kueue = createKueue(scope, settings);
    const queue = createQueue({ ...scope, dependsOn: [kueue] }, queueSettings(settings));
    createPodMonitors(scope, kuberay.namespace);
    if (settings.gpuDevicePluginImage) {
      createDevicePlugin(scope, settings.gpuDevicePluginImage);
    }

    this.clusterQueue = queue.metadata.name;
    this.registerOutputs({ clusterQueue: this.clusterQueue });
  }
}

function queueSettings(args: RayStackSettings): QueueSettings {
  return {
    cpuQuota: args.cpuQuota,
    memoryQuotaGiB: args.memoryQuotaGiB,
    gpuQuota: args.gpuQuota,
    spot: args.spot,
    pooledNodes: args.pooledNodes,
  };
}

function valuesSettings(args: RayStackSettings) {
  return {
    replicas: args.replicas,
    placement: args.placement,
    monitoringNamespace: args.monitoringNamespace,
    imageRegistry: args.imageRegistry,
  };
}

function createKuberay({ name, parent }: Scope, args: RayStackSettings): k8s.helm.v3.Release {
  const namespace = createNamespace({
    name: `${name}-kuberay-system`,
    parent,
    namespace: platformNamespaces.kuberay,
    podSecurity: PodSecurity.Restricted,
  }).metadata.name;
  restrictIngress({
    name: `${name}-kuberay-ingress`,
    parent,
    namespace,
    // Metrics only: the operator serves nothing else.
    ingress: [{ ports: tcpPorts(8080) }],
  });
  return installChart({
    name: `${name}-kuberay`,
    parent,
    chart: args.charts.kuberay,
    namespace,
    releaseName: kuberayReleaseName,
    values: kuberayValues(valuesSettings(args)),
    helmValues: args.helmValues?.kuberay,
  });
}

function createKueue({ name, parent }: Scope, args: RayStackSettings): k8s.helm.v3.Release {
  const namespace = createNamespace({
    name: `${name}-kueue-system`,
    parent,
    namespace: platformNamespaces.kueue,
    podSecurity: PodSecurity.Restricted,
  }).metadata.name;
  restrictIngress({
    name: `${name}-kueue-ingress`,
    parent,
    namespace,
    // From anywhere: the API server that calls the webhook (9443) and the visibility API (8082)
    // has no pod to select. 8443 is metrics, which ask for a token.
    ingress: [{ ports: tcpPorts(9443, 8082, 8443) }],
  });
  return installChart({
    name: `${name}-kueue`,
    parent,
    chart: args.charts.kueue,
    namespace,
    releaseName: kueueReleaseName,
    values: kueueValues(valuesSettings(args)),
    helmValues: args.helmValues?.kueue,
  });
}

function createQueue(scope: Scope, settings: QueueSettings): k8s.apiextensions.CustomResource {
  const { name, parent, dependsOn } = scope;
  const flavorName = (pool: NodePoolKind) => `mlplatform-${pool}`;
  const flavors = queuedPools(settings).map(
    (pool) =>
      new k8s.apiextensions.CustomResource(
        `${name}-flavor-${pool}`,
        {
          apiVersion: "kueue.x-k8s.io/v1beta2",
          kind: "ResourceFlavor",
          metadata: { name: flavorName(pool) },
          spec: flavorSpec(pool, settings.pooledNodes),
        },
        { parent, dependsOn },
      ),
  );
  return new k8s.apiextensions.CustomResource(
    `${name}-queue`,
    {
      apiVersion: "kueue.x-k8s.io/v1beta2",
      kind: "ClusterQueue",
      metadata: { name: "mlplatform" },
      spec: clusterQueueSpec(settings, flavorName),
    },
    { parent, dependsOn: [...(dependsOn ?? []), ...flavors] },
  );
}

function createPodMonitors({ name, parent }: Scope, namespace: pulumi.Input<string>): void {
  const portsOfRole: Record<string, string[]> = {
    // Not `as-metrics` and `dash-metrics`, which KubeRay does not declare.
    head: ["metrics", offloaderSidecar.name],
    worker: ["metrics", offloaderSidecar.name],
  };
  for (const [role, ports] of Object.entries(portsOfRole)) {
    createMonitor({
      name: `${name}-monitor-${role}`,
      parent,
      kind: MonitorKind.Pod,
      metadata: { name: `ray-${role}`, namespace },
      spec: rayPodMonitorSpec(role, ports),
    });
  }
}
