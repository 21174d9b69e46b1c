import { partOfPlatform } from "@mlplatform/contracts/platformLabels";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { childOptions, type Scope } from "../scope";

/** One side of a connection in a NetworkPolicy. */
export type NetworkPeer = k8s.types.input.networking.v1.NetworkPolicyPeer;

/** A port in a NetworkPolicy: the pod's, because policies apply after a Service's translation. */
export type NetworkPort = k8s.types.input.networking.v1.NetworkPolicyPort;

/** Ingress rules of a namespace: whatever they do not name is refused. */
export interface IngressSettings extends Scope {
  namespace: pulumi.Input<string>;
  /** Pods that the rules are about. Default: all of the namespace. */
  podSelector?: k8s.types.input.meta.v1.LabelSelector;
  /** Edges that are let in. Default: none. */
  ingress?: k8s.types.input.networking.v1.NetworkPolicyIngressRule[];
}

/** Lets the named edges into pods and refuses all others. */
export function restrictIngress(settings: IngressSettings): k8s.networking.v1.NetworkPolicy {
  const { name, namespace, podSelector, ingress } = settings;
  return new k8s.networking.v1.NetworkPolicy(
    name,
    {
      metadata: { namespace },
      spec: {
        podSelector: podSelector ?? {},
        policyTypes: ["Ingress"],
        // Left out for "nothing": an empty list is not stored and would look changed each time.
        ingress,
      },
    },
    childOptions(settings),
  );
}

/** All pods of one namespace, by the label with which Kubernetes itself names it. */
export function podsIn(namespace: pulumi.Input<string>): NetworkPeer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
}

/** Any pod in any namespace of the platform. */
export const platformPods: NetworkPeer = {
  namespaceSelector: { matchLabels: partOfPlatform },
};

/** TCP ports of a rule. */
export function tcpPorts(...ports: pulumi.Input<number>[]): NetworkPort[] {
  return ports.map((port) => ({ protocol: "TCP", port }));
}
