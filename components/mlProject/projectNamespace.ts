import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { networkFlows, type PlatformEndpoints } from "./network";

/** Kueue queue of every project. The name `default` also takes jobs that name no queue. */
export const localQueueName = "default";

/** ServiceAccounts of a project's pods. */
export const trainingAccount = "training";
export const servingAccount = "serving";

/** What a project may use at most, over all its pods. */
export interface ProjectQuota {
  cpu: number;
  memoryGiB: number;
  gpu: number;
}

/** Namespace of a project with what bounds it: quota, limits, network. */
export function createNamespace(
  name: string,
  settings: {
    project: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    quota: ProjectQuota;
    protectData: boolean;
  },
  parent: pulumi.Resource,
): k8s.core.v1.Namespace {
  const { project, labels, quota } = settings;
  const namespace = new k8s.core.v1.Namespace(
    `${name}-namespace`,
    {
      metadata: {
        name: project,
        labels: {
          ...labels,
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/audit": "restricted",
          "pod-security.kubernetes.io/warn": "restricted",
        },
        annotations: settings.annotations,
      },
    },
    { parent, protect: settings.protectData, retainOnDelete: settings.protectData },
  );
  const inNamespace = (suffix: string) => ({
    name: suffix,
    namespace: namespace.metadata.name,
    labels,
  });
  new k8s.core.v1.ResourceQuota(
    `${name}-quota`,
    { metadata: inNamespace("project"), spec: { hard: hardQuota(quota) } },
    { parent },
  );
  new k8s.core.v1.LimitRange(
    `${name}-limits`,
    {
      metadata: inNamespace("project"),
      spec: {
        limits: [
          {
            type: "Container",
            // For sidecars that upstream injects without resources; the quota refuses such pods.
            defaultRequest: { cpu: "50m", memory: "128Mi" },
            default: { cpu: "1", memory: "512Mi" },
            max: { cpu: String(quota.cpu), memory: `${quota.memoryGiB}Gi` },
          },
        ],
      },
    },
    { parent },
  );
  return namespace;
}

/**
 * Hard limits of the namespace. CPU is bounded by requests, because unused CPU may be lent; memory
 * by limits too, because it cannot be taken back.
 */
export function hardQuota(quota: ProjectQuota): Record<string, string> {
  return {
    "requests.cpu": String(quota.cpu),
    "requests.memory": `${quota.memoryGiB}Gi`,
    "limits.memory": `${quota.memoryGiB}Gi`,
    "requests.nvidia.com/gpu": String(quota.gpu),
    persistentvolumeclaims: "0",
    "services.loadbalancers": "0",
    "services.nodeports": "0",
    pods: String(Math.max(20, Math.ceil(quota.cpu * 4))),
  };
}

/** Registers one NetworkPolicy a flow. */
export function createNetworkPolicies(
  name: string,
  settings: {
    namespace: pulumi.Input<string>;
    labels: Record<string, string>;
    platform: PlatformEndpoints;
    isHttpsOpen: boolean;
  },
  parent: pulumi.Resource,
): void {
  const flows = networkFlows(settings.platform, settings.isHttpsOpen);
  for (const [flow, spec] of Object.entries(flows)) {
    new k8s.networking.v1.NetworkPolicy(
      `${name}-network-${flow}`,
      {
        metadata: { name: flow, namespace: settings.namespace, labels: settings.labels },
        spec,
      },
      { parent },
    );
  }
}

/** The queue through which the project's Ray jobs get their share of the cluster. */
export function createLocalQueue(
  name: string,
  settings: {
    namespace: pulumi.Input<string>;
    labels: Record<string, string>;
    clusterQueue: pulumi.Input<string>;
  },
  parent: pulumi.Resource,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${name}-queue`,
    {
      apiVersion: "kueue.x-k8s.io/v1beta2",
      kind: "LocalQueue",
      metadata: { name: localQueueName, namespace: settings.namespace, labels: settings.labels },
      spec: { clusterQueue: settings.clusterQueue },
    },
    { parent },
  );
}
