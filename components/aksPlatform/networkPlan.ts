import * as ipaddr from "ipaddr.js";
import type { AksNetworkArgs } from "./args";
import { type ArgumentProblem, problem } from "../argumentProblems";

/** An IPv4 range as numbers. */
export interface Ipv4Range {
  /** First address. */
  first: number;
  /** Last address. */
  last: number;
  /** Prefix length, 0 to 32. */
  prefix: number;
}

/**
 * Address ranges that AKS keeps for itself
 * (https://learn.microsoft.com/azure/aks/azure-cni-overlay).
 */
const reservedByAks = ["169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"];

/** Private (RFC 1918) and shared (RFC 6598) space; Azure supports clusters in no other. */
const privateSpace = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** Addresses of every subnet that Azure keeps: the first four and the last. */
const reservedInSubnet = 5;

/**
 * Widest and narrowest prefix of each range. Azure gives /28 as the smallest subnet of PostgreSQL
 * (postgresql/flexible-server/concepts-networking-private), /8 as the largest network, "smaller
 * than /12" for Services, and a /24 of pods to each node
 * (aks/concepts-network-ip-address-planning). A Service range narrower than /24 is ours to refuse:
 * every model takes several Services.
 */
const prefixLimits: Record<Exclude<keyof AksNetworkArgs, "dnsServiceIp">, [number, number]> = {
  vnetCidr: [8, 28],
  nodeSubnetCidr: [8, 28],
  databaseSubnetCidr: [8, 28],
  endpointSubnetCidr: [8, 28],
  podCidr: [8, 24],
  serviceCidr: [13, 24],
};

/** Parses `10.0.0.0/16`; undefined where it is no IPv4 range or has bits set after the prefix. */
export function parseIpv4Range(text: string): Ipv4Range | undefined {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) {
    return undefined;
  }
  const [address, prefix] = ipaddr.IPv4.parseCIDR(text);
  const size = 2 ** (32 - prefix);
  const first = asNumber(address);
  return first % size === 0 ? { first, last: first + size - 1, prefix } : undefined;
}

/** Parses `10.0.0.10` to its number; undefined where it is no IPv4 address. */
export function parseIpv4Address(text: string): number | undefined {
  return ipaddr.IPv4.isValidFourPartDecimal(text) ? asNumber(ipaddr.IPv4.parse(text)) : undefined;
}

/** Whether two ranges share an address. */
export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Whether every address of `inner` lies in `outer`. */
export function contains(outer: Ipv4Range, inner: Ipv4Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** Whether a range lies in private or shared address space. */
export function isPrivate(range: Ipv4Range): boolean {
  return privateSpace.some((space) => contains(parseIpv4Range(space)!, range));
}

/**
 * Checks the address plan of a cluster that grows to `nodes` nodes, upgrade surge included.
 * A range with a fault of its own is left out of the comparisons.
 */
export function networkPlanProblems(network: AksNetworkArgs, nodes: number): ArgumentProblem[] {
  const ranges = new Map<string, Ipv4Range>();
  const problems: ArgumentProblem[] = [];
  for (const [key, limits] of Object.entries(prefixLimits)) {
    const text = network[key as keyof AksNetworkArgs];
    const range = parseIpv4Range(text);
    const found = rangeProblems(`network.${key}`, text, range, limits);
    problems.push(...found);
    if (range && found.length === 0) {
      ranges.set(key, range);
    }
  }
  return [
    ...problems,
    ...subnetProblems(network, ranges),
    ...overlapProblems(network, ranges),
    ...roomProblems(network, ranges, nodes),
    ...dnsServiceIpProblems(network, ranges.get("serviceCidr")),
  ];
}

function rangeProblems(
  path: string,
  text: string,
  range: Ipv4Range | undefined,
  [widest, narrowest]: [number, number],
): ArgumentProblem[] {
  if (!range) {
    const remedy = "Write the first address and the prefix length, such as 10.0.0.0/16.";
    return [problem(path, "must be an IPv4 range whose host bits are zero", text, remedy)];
  }
  if (range.prefix < widest || range.prefix > narrowest) {
    const side = range.prefix < widest ? "larger" : "smaller";
    const fix =
      range.prefix < widest ? `Use /${widest} or a longer` : `Use /${narrowest} or a shorter`;
    return [
      problem(path, `must be /${widest} to /${narrowest}, is ${side}`, text, `${fix} prefix.`),
    ];
  }
  const reserved = reservedByAks.find((used) => overlaps(parseIpv4Range(used)!, range));
  if (reserved) {
    return [
      problem(path, `overlaps ${reserved}, which AKS reserves`, text, "Choose another range."),
    ];
  }
  if (!isPrivate(range)) {
    const remedy = `Choose a range in ${privateSpace.join(", ")}.`;
    return [problem(path, "must be private address space", text, remedy)];
  }
  return [];
}

function subnetProblems(
  network: AksNetworkArgs,
  ranges: ReadonlyMap<string, Ipv4Range>,
): ArgumentProblem[] {
  const vnet = ranges.get("vnetCidr");
  const keys = ["nodeSubnetCidr", "databaseSubnetCidr", "endpointSubnetCidr"] as const;
  return keys.flatMap((key) => {
    const subnet = ranges.get(key);
    if (!vnet || !subnet || contains(vnet, subnet)) {
      return [];
    }
    return problem(
      `network.${key}`,
      `must lie in \`network.vnetCidr\` (${network.vnetCidr})`,
      network[key],
      "Move it into the virtual network, or widen the virtual network.",
    );
  });
}

/** Pairs that must not share an address; the first of a pair is reported. */
const apart: [keyof AksNetworkArgs, keyof AksNetworkArgs][] = [
  ["databaseSubnetCidr", "nodeSubnetCidr"],
  ["endpointSubnetCidr", "nodeSubnetCidr"],
  ["endpointSubnetCidr", "databaseSubnetCidr"],
  ["podCidr", "vnetCidr"],
  ["serviceCidr", "vnetCidr"],
  ["serviceCidr", "podCidr"],
];

function overlapProblems(
  network: AksNetworkArgs,
  ranges: ReadonlyMap<string, Ipv4Range>,
): ArgumentProblem[] {
  return apart.flatMap(([key, other]) => {
    const [a, b] = [ranges.get(key), ranges.get(other)];
    if (!a || !b || !overlaps(a, b)) {
      return [];
    }
    const rule = `must not overlap \`network.${other}\` (${network[other]})`;
    return problem(`network.${key}`, rule, network[key], "Choose a range that no other uses.");
  });
}

function roomProblems(
  network: AksNetworkArgs,
  ranges: ReadonlyMap<string, Ipv4Range>,
  nodes: number,
): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  const subnet = ranges.get("nodeSubnetCidr");
  const usable = subnet ? 2 ** (32 - subnet.prefix) - reservedInSubnet : Infinity;
  if (usable < nodes) {
    problems.push(
      problem(
        "network.nodeSubnetCidr",
        `is too small: the pools grow to ${nodes} nodes with upgrade surge, it has ${usable} ` +
          "addresses",
        network.nodeSubnetCidr,
        `Use /${32 - Math.ceil(Math.log2(nodes + reservedInSubnet))} or a shorter prefix.`,
      ),
    );
  }
  const pods = ranges.get("podCidr");
  const blocks = pods ? 2 ** (24 - pods.prefix) : Infinity;
  if (blocks < nodes) {
    problems.push(
      problem(
        "network.podCidr",
        `is too small: the pools grow to ${nodes} nodes with upgrade surge, it has a /24 for ` +
          `${blocks}`,
        network.podCidr,
        `Use /${24 - Math.ceil(Math.log2(nodes))} or a shorter prefix.`,
      ),
    );
  }
  return problems;
}

function dnsServiceIpProblems(
  network: AksNetworkArgs,
  services: Ipv4Range | undefined,
): ArgumentProblem[] {
  const path = "network.dnsServiceIp";
  const address = parseIpv4Address(network.dnsServiceIp);
  if (address === undefined) {
    const remedy = "Write an address such as 172.16.0.10.";
    return [problem(path, "must be an IPv4 address", network.dnsServiceIp, remedy)];
  }
  if (!services) {
    return [];
  }
  const usual = asText(services.first + 10);
  if (address <= services.first || address >= services.last) {
    const rule = `must be an address inside \`network.serviceCidr\` (${network.serviceCidr})`;
    return [problem(path, rule, network.dnsServiceIp, `Use ${usual}.`)];
  }
  if (address === services.first + 1) {
    const rule = "must not be the first address of `network.serviceCidr`, which `kubernetes` has";
    return [problem(path, rule, network.dnsServiceIp, `Use ${usual}.`)];
  }
  return [];
}

function asNumber(address: ipaddr.IPv4): number {
  return address.octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function asText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
