import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** Pod Security Standard that a namespace enforces. */
export enum PodSecurity {
  /** No root, no privileges, no host access: our own workloads. */
  Restricted = "restricted",
  /** Known privilege escalations refused. */
  Baseline = "baseline",
  /** Anything: only for agents that read the node. */
  Privileged = "privileged",
}

/** A namespace of the platform and who may reach into it. */
export interface PlatformNamespaceSettings {
  /** Name in the cluster. */
  namespace: string;
  podSecurity: PodSecurity;
  /** Protects the namespace and keeps it when its stack is destroyed. */
  protectData?: boolean;
}

/** Label on every namespace that the platform makes. */
export const partOfPlatform = { "app.kubernetes.io/part-of": "mlplatform" };

/** Label by which Kubernetes itself names a namespace. */
const namespaceNameLabel = "kubernetes.io/metadata.name";

/** Makes a namespace with the platform's labels. Deleting it deletes every volume in it. */
export function createNamespace(
  name: string,
  settings: PlatformNamespaceSettings,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Namespace {
  const keep = settings.protectData ?? false;
  return new k8s.core.v1.Namespace(
    `${name}-${settings.namespace}`,
    {
      metadata: {
        name: settings.namespace,
        labels: {
          ...partOfPlatform,
          "pod-security.kubernetes.io/enforce": settings.podSecurity,
        },
      },
    },
    pulumi.mergeOptions(opts, keep ? { protect: true, retainOnDelete: true } : {}),
  );
}

/** Ingress rules of a namespace: whatever they do not name is refused. */
export interface IngressSettings {
  namespace: pulumi.Input<string>;
  /** Pods that the rules are about. Empty: all of the namespace. */
  podSelector?: k8s.types.input.meta.v1.LabelSelector;
  /** Edges that are let in. Empty: none. */
  ingress?: k8s.types.input.networking.v1.NetworkPolicyIngressRule[];
}

/** Lets the named edges into pods and refuses all others. */
export function restrictIngress(
  name: string,
  settings: IngressSettings,
  opts: pulumi.CustomResourceOptions,
): k8s.networking.v1.NetworkPolicy {
  return new k8s.networking.v1.NetworkPolicy(
    name,
    {
      metadata: { namespace: settings.namespace },
      spec: {
        podSelector: settings.podSelector ?? {},
        policyTypes: ["Ingress"],
        // Left out for "nothing": an empty list is not stored and would look changed each time.
        ingress: settings.ingress,
      },
    },
    opts,
  );
}

/** All pods of one namespace, as the peer of an ingress rule. */
export function fromNamespace(
  namespace: pulumi.Input<string>,
): k8s.types.input.networking.v1.NetworkPolicyPeer {
  return { namespaceSelector: { matchLabels: { [namespaceNameLabel]: namespace } } };
}

/** Any pod in any namespace of the platform, as the peer of an ingress rule. */
export const platformPeer: k8s.types.input.networking.v1.NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: partOfPlatform },
};

/** TCP ports of an ingress rule. */
export function tcpPorts(...ports: number[]): k8s.types.input.networking.v1.NetworkPolicyPort[] {
  return ports.map((port) => ({ protocol: "TCP", port }));
}
