import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import { partOfPlatform, platformLabels } from "@mlplatform/contracts/platformLabels";
import { localQueueName, serviceAccounts } from "@mlplatform/contracts/platformNames";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { createServiceAccount } from "../kubernetes/serviceAccount";
import type { Scope } from "../scope";
import { networkFlows, type PlatformEndpoints } from "./network";
import { createWorkloadIdentity } from "./projectIdentities";
import type { ProjectScope } from "./projectScope";
import type { MlProjectSettings } from "./normalize";

/** What a project may use at most, over all its pods. */
export interface ProjectQuota {
  cpu: number;
  memoryGiB: number;
  gpu: number;
}

/** Namespace of a project with what bounds it: quota and limits. */
export function createProjectNamespace(
  { name, parent }: Scope,
  args: MlProjectSettings,
): ProjectScope {
  const labels = { ...partOfPlatform, [platformLabels.project]: name };
  const namespace = createNamespace({
    name: `${name}-namespace`,
    parent,
    namespace: name,
    podSecurity: PodSecurity.Restricted,
    labels: {
      ...labels,
      "pod-security.kubernetes.io/audit": PodSecurity.Restricted,
      "pod-security.kubernetes.io/warn": PodSecurity.Restricted,
    },
    annotations: {
      [platformAnnotations.team]: args.owner,
      [platformAnnotations.costCenter]: args.costCenter,
    },
    protectData: args.protectData,
  }).metadata.name;
  const scope = { name, parent, namespace, labels };
  boundNamespace(scope, {
    cpu: args.cpuQuota,
    memoryGiB: args.memoryQuotaGiB,
    gpu: args.gpuQuota,
  });
  return scope;
}

function boundNamespace(
  { name, parent, namespace, labels }: ProjectScope,
  quota: ProjectQuota,
): void {
  const metadata = { name: "project", namespace, labels };
  new k8s.core.v1.ResourceQuota(
    `${name}-quota`,
    { metadata, spec: { hard: hardQuota(quota) } },
    { parent },
  );
  new k8s.core.v1.LimitRange(
    `${name}-limits`,
    {
      metadata,
      spec: {
        limits: [
          {
            type: "Container",
            // For sidecars that upstream injects without resources; the quota refuses such pods.
            defaultRequest: { cpu: "50m", memory: "128Mi" },
            // No limit of CPU, so that Kubernetes takes `max` for one: a smaller one would refuse
            // every container that requests more and names no limit.
            default: { memory: "512Mi" },
            max: { cpu: String(quota.cpu), memory: `${quota.memoryGiB}Gi` },
          },
        ],
      },
    },
    { parent },
  );
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

/** Which connections the project's pods may make. */
export interface ProjectFlows {
  platform: PlatformEndpoints;
  /** Whether pods may reach public addresses on port 443. */
  isHttpsOpen: boolean;
}

/** Registers one NetworkPolicy a flow. */
export function createNetworkPolicies(
  { name, parent, namespace, labels }: ProjectScope,
  { platform, isHttpsOpen }: ProjectFlows,
): void {
  for (const [flow, spec] of Object.entries(networkFlows(platform, isHttpsOpen))) {
    new k8s.networking.v1.NetworkPolicy(
      `${name}-network-${flow}`,
      { metadata: { name: flow, namespace, labels }, spec },
      { parent },
    );
  }
}

/** The queue through which the project's Ray jobs get their share of the cluster. */
export function createLocalQueue(
  { name, parent, namespace, labels }: ProjectScope,
  clusterQueue: pulumi.Input<string>,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${name}-queue`,
    {
      apiVersion: "kueue.x-k8s.io/v1beta2",
      kind: "LocalQueue",
      metadata: { name: localQueueName, namespace, labels },
      spec: { clusterQueue },
    },
    { parent },
  );
}

/**
 * Makes the ServiceAccounts of the project's pods, with their identities on Azure.
 *
 * @param modelKey Secret by which KServe's storage initializer downloads the project's models
 */
export function createServiceAccounts(
  scope: ProjectScope,
  args: MlProjectSettings,
  modelKey: pulumi.Input<string>,
): void {
  const { name, parent, namespace, labels } = scope;
  for (const account of [serviceAccounts.training, serviceAccounts.serving]) {
    createServiceAccount({
      name: `${name}-${account}`,
      parent,
      metadata: { name: account, namespace, labels },
      clientId: createWorkloadIdentity(scope, args, account)?.clientId,
      secretNames: account === serviceAccounts.serving ? [modelKey] : undefined,
    });
  }
}
