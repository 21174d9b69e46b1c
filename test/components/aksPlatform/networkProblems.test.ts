import assert from "node:assert/strict";
import type { AksNetworkArgs, AksPlatformArgs } from "../../../components/aksPlatform/args";
import { aksPlatformProblems } from "../../../components/aksPlatform/problems";
import { platformArgs } from "./aksPlatformFixture";

const network = (over: Partial<AksNetworkArgs>) =>
  platformArgs({ network: { ...platformArgs().network, ...over } });

const rows: [claim: string, args: AksPlatformArgs, propertyPath: string, reason: string][] = [
  [
    "a range that is no CIDR",
    network({ podCidr: "192.168.0.0" }),
    "network.podCidr",
    'must be an IPv4 range whose host bits are zero, got "192.168.0.0". Write the first ' +
      "address and the prefix length, such as 10.0.0.0/16.",
  ],
  [
    "a range with host bits",
    network({ databaseSubnetCidr: "10.20.16.7/24" }),
    "network.databaseSubnetCidr",
    'must be an IPv4 range whose host bits are zero, got "10.20.16.7/24". Write the first ' +
      "address and the prefix length, such as 10.0.0.0/16.",
  ],
  [
    "an endpoint subnet of eight addresses",
    network({ endpointSubnetCidr: "10.20.17.0/29" }),
    "network.endpointSubnetCidr",
    'must be /8 to /28, is smaller, got "10.20.17.0/29". Use /28 or a shorter prefix.',
  ],
  [
    "a Service range of a /12",
    network({ serviceCidr: "10.16.0.0/12", dnsServiceIp: "10.16.0.10" }),
    "network.serviceCidr",
    'must be /13 to /24, is larger, got "10.16.0.0/12". Use /13 or a longer prefix.',
  ],
  [
    "a pod range that holds one that AKS reserves",
    network({ podCidr: "172.24.0.0/13" }),
    "network.podCidr",
    'overlaps 172.30.0.0/16, which AKS reserves, got "172.24.0.0/13". Choose another range.',
  ],
  [
    "a Service range of public addresses",
    network({ serviceCidr: "20.0.0.0/16", dnsServiceIp: "20.0.0.10" }),
    "network.serviceCidr",
    'must be private address space, got "20.0.0.0/16". Choose a range in 10.0.0.0/8, ' +
      "172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10.",
  ],
  [
    "a subnet outside the virtual network",
    network({ databaseSubnetCidr: "10.21.16.0/24" }),
    "network.databaseSubnetCidr",
    'must lie in `network.vnetCidr` (10.20.0.0/16), got "10.21.16.0/24". Move it into the ' +
      "virtual network, or widen the virtual network.",
  ],
  [
    "two subnets that overlap",
    network({ endpointSubnetCidr: "10.20.15.0/24" }),
    "network.endpointSubnetCidr",
    'must not overlap `network.nodeSubnetCidr` (10.20.0.0/20), got "10.20.15.0/24". Choose a ' +
      "range that no other uses.",
  ],
  [
    "pods in the virtual network",
    network({ podCidr: "10.20.128.0/17" }),
    "network.podCidr",
    'must not overlap `network.vnetCidr` (10.20.0.0/16), got "10.20.128.0/17". Choose a ' +
      "range that no other uses.",
  ],
  [
    "Services among pods",
    network({ serviceCidr: "192.168.0.0/20", dnsServiceIp: "192.168.0.10" }),
    "network.serviceCidr",
    'must not overlap `network.podCidr` (192.168.0.0/16), got "192.168.0.0/20". Choose a ' +
      "range that no other uses.",
  ],
  [
    "a node subnet smaller than the pools",
    network({ nodeSubnetCidr: "10.20.0.0/27" }),
    "network.nodeSubnetCidr",
    "is too small: the pools grow to 49 nodes with upgrade surge, it has 27 addresses, got " +
      '"10.20.0.0/27". Use /26 or a shorter prefix.',
  ],
  [
    "a pod range with fewer blocks than nodes",
    network({ podCidr: "192.168.0.0/19" }),
    "network.podCidr",
    "is too small: the pools grow to 49 nodes with upgrade surge, it has a /24 for 32, got " +
      '"192.168.0.0/19". Use /18 or a shorter prefix.',
  ],
  [
    "a DNS address that is none",
    network({ dnsServiceIp: "172.16.0" }),
    "network.dnsServiceIp",
    'must be an IPv4 address, got "172.16.0". Write an address such as 172.16.0.10.',
  ],
  [
    "a DNS address outside the Service range",
    network({ dnsServiceIp: "172.17.0.10" }),
    "network.dnsServiceIp",
    'must be an address inside `network.serviceCidr` (172.16.0.0/16), got "172.17.0.10". Use ' +
      "172.16.0.10.",
  ],
  [
    "a DNS address that the kubernetes Service has",
    network({ dnsServiceIp: "172.16.0.1" }),
    "network.dnsServiceIp",
    "must not be the first address of `network.serviceCidr`, which `kubernetes` has, got " +
      '"172.16.0.1". Use 172.16.0.10.',
  ],
];

describe("aksPlatformProblems, address plan", () => {
  for (const [claim, args, propertyPath, reason] of rows) {
    it(`refuses ${claim}`, () => {
      assert.deepStrictEqual(aksPlatformProblems("core", args), [{ propertyPath, reason }]);
    });
  }
});
