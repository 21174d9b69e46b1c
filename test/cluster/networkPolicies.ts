import type { KubeObject } from "./kubeApi";
import { type LabelSelector, selects } from "./labelSelector";

/** One end of a connection. */
export interface Endpoint {
  namespace: string;
  namespaceLabels: Record<string, string>;
  podLabels: Record<string, string>;
}

interface Port {
  protocol?: string;
  port?: number | string;
}

enum Direction {
  Ingress = "Ingress",
  Egress = "Egress",
}

/** A rule of a NetworkPolicy as a person reads it. */
export interface Edge {
  from: string;
  to: string;
  ports: string;
}

/** Every rule of the policies, one for each peer. */
export function edgesOf(policies: KubeObject[]): Edge[] {
  return policies.flatMap(({ metadata, spec }) => {
    const own = place(metadata.namespace!, spec.podSelector);
    const edges = (rules: any[], peers: string, edge: (peer: string) => Omit<Edge, "ports">) =>
      rules.flatMap((rule) =>
        (rule[peers] ?? [{}]).map((peer: any) => ({
          ...edge(peerText(peer, metadata.namespace!)),
          ports: portsText(rule.ports),
        })),
      );
    return [
      ...edges(spec.ingress ?? [], "from", (from) => ({ from, to: own })),
      ...edges(spec.egress ?? [], "to", (to) => ({ from: own, to })),
    ];
  });
}

/**
 * Whether the policies let a connection pass, as Kubernetes defines it: a direction of a pod is
 * open unless a policy selects the pod for it; then only what some policy lists
 * (https://kubernetes.io/docs/concepts/services-networking/network-policies). Rules by address
 * range concern no pod here.
 */
export function isAllowed(
  policies: KubeObject[],
  from: Endpoint,
  to: Endpoint,
  port: number | string,
): boolean {
  return (
    isOpen(policies, Direction.Egress, from, to, port) &&
    isOpen(policies, Direction.Ingress, to, from, port)
  );
}

function isOpen(
  policies: KubeObject[],
  direction: Direction,
  own: Endpoint,
  other: Endpoint,
  port: number | string,
): boolean {
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === own.namespace &&
      spec.policyTypes.includes(direction) &&
      selects(spec.podSelector, own.podLabels),
  );
  if (selecting.length === 0) {
    return true;
  }
  const [rules, peers] = direction === Direction.Ingress ? ["ingress", "from"] : ["egress", "to"];
  return selecting.some(({ spec }) =>
    (spec[rules!] ?? []).some(
      (rule: any) =>
        (!rule.ports || rule.ports.some((open: Port) => open.port === port)) &&
        (!rule[peers!] || rule[peers!].some((peer: any) => isPeer(peer, own.namespace, other))),
    ),
  );
}

function isPeer(peer: any, namespace: string, other: Endpoint): boolean {
  if (peer.ipBlock) {
    return false;
  }
  const isThere = peer.namespaceSelector
    ? selects(peer.namespaceSelector, other.namespaceLabels)
    : other.namespace === namespace;
  return isThere && selects(peer.podSelector ?? {}, other.podLabels);
}

const isEmpty = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector) =>
  Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;

function peerText({ namespaceSelector, podSelector, ipBlock }: any, own: string): string {
  if (ipBlock) {
    return [ipBlock.cidr, ...(ipBlock.except ?? []).map((cidr: string) => `not ${cidr}`)].join(" ");
  }
  if (namespaceSelector) {
    const { matchLabels = {} } = namespaceSelector as LabelSelector;
    const name = matchLabels["kubernetes.io/metadata.name"];
    return place(name ?? `namespaces ${selectorText(namespaceSelector)}`, podSelector ?? {});
  }
  return podSelector ? place(own, podSelector) : "anyone";
}

const place = (namespace: string, pods: LabelSelector) =>
  isEmpty(pods) ? namespace : `${namespace}: ${selectorText(pods)}`;

function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values }) =>
      [key, operator === "Exists" ? "" : operator, values?.join("/")].filter(Boolean).join(" "),
    ),
  ].join(", ");
}

const portsText = (ports: Port[] | undefined) =>
  (ports ?? [{ protocol: "all", port: "" }])
    .map(({ protocol = "TCP", port }) => `${protocol} ${port}`.trim())
    .join(", ");
