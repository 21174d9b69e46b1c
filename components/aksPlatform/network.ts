import * as network from "@pulumi/azure-native/network";
import * as pulumi from "@pulumi/pulumi";
import type { AksNetworkArgs } from "./args";
import type { AzureScope } from "../azure/scope";

/** The network that the rest of the platform lies in. */
export interface PlatformNetwork {
  virtualNetworkId: pulumi.Output<string>;
  nodeSubnetId: pulumi.Output<string>;
  databaseSubnetId: pulumi.Output<string>;
  endpointSubnetId: pulumi.Output<string>;
  /** Address that the cluster's outbound traffic comes from, as a /32 range. */
  egressRange: pulumi.Output<string>;
}

/**
 * Makes the virtual network with a subnet for nodes, one for PostgreSQL and one for private
 * endpoints, and a NAT gateway, so that outbound traffic has one address that others can allow.
 */
export function createNetwork(scope: AzureScope, plan: AksNetworkArgs): PlatformNetwork {
  const { name, resourceGroupName, location, tags, child } = scope;
  const virtualNetwork = new network.VirtualNetwork(
    `${name}-network`,
    { resourceGroupName, location, tags, addressSpace: { addressPrefixes: [plan.vnetCidr] } },
    child,
  );
  const egress = createEgress(scope);
  const common = { resourceGroupName, virtualNetworkName: virtualNetwork.name };
  const nodes = new network.Subnet(
    `${name}-nodes`,
    {
      ...common,
      addressPrefix: plan.nodeSubnetCidr,
      natGateway: { id: egress.gateway.id },
      // No security group: AKS keeps its own on the network interfaces, and one here would drop
      // the traffic of load balancers.
      defaultOutboundAccess: false,
    },
    child,
  );
  const database = new network.Subnet(
    `${name}-database`,
    {
      ...common,
      addressPrefix: plan.databaseSubnetCidr,
      delegations: [
        { name: "postgresql", serviceName: "Microsoft.DBforPostgreSQL/flexibleServers" },
      ],
      networkSecurityGroup: {
        id: createFirewall(scope, "database", [
          { from: plan.nodeSubnetCidr, to: plan.databaseSubnetCidr, ports: ["5432", "6432"] },
          // Replication between a server and its standby.
          { from: plan.databaseSubnetCidr, to: plan.databaseSubnetCidr, ports: ["5432", "6432"] },
        ]).id,
      },
    },
    // Azure changes one subnet of a network at a time and refuses a second.
    { ...child, dependsOn: [nodes] },
  );
  const endpoints = new network.Subnet(
    `${name}-endpoints`,
    {
      ...common,
      addressPrefix: plan.endpointSubnetCidr,
      defaultOutboundAccess: false,
      // Without it, security rules do not apply to private endpoints.
      privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled",
      networkSecurityGroup: {
        id: createFirewall(scope, "endpoints", [
          { from: plan.nodeSubnetCidr, to: plan.endpointSubnetCidr, ports: ["443"] },
        ]).id,
      },
    },
    { ...child, dependsOn: [database] },
  );
  return {
    virtualNetworkId: virtualNetwork.id,
    nodeSubnetId: nodes.id,
    databaseSubnetId: database.id,
    endpointSubnetId: endpoints.id,
    egressRange: pulumi.interpolate`${egress.address.ipAddress}/32`,
  };
}

function createEgress({ name, resourceGroupName, location, tags, child }: AzureScope) {
  const address = new network.PublicIPAddress(
    `${name}-egress`,
    {
      resourceGroupName,
      location,
      tags,
      sku: { name: "Standard" },
      publicIPAddressVersion: "IPv4",
      publicIPAllocationMethod: "Static",
    },
    child,
  );
  const gateway = new network.NatGateway(
    `${name}-egress`,
    {
      resourceGroupName,
      location,
      tags,
      sku: { name: "Standard" },
      publicIpAddresses: [{ id: address.id }],
    },
    child,
  );
  return { address, gateway };
}

/** Traffic that a subnet lets in. */
interface AllowedTraffic {
  from: string;
  to: string;
  ports: string[];
}

/** Security group that lets the named traffic in and nothing else from the virtual network. */
function createFirewall(
  { name, resourceGroupName, location, tags, child }: AzureScope,
  subnet: string,
  allowed: AllowedTraffic[],
) {
  return new network.NetworkSecurityGroup(
    `${name}-${subnet}-firewall`,
    {
      resourceGroupName,
      location,
      tags,
      securityRules: [
        ...allowed.map(({ from, to, ports }, index) => ({
          name: `allow-${index}`,
          priority: 100 + index,
          direction: "Inbound",
          access: "Allow",
          protocol: "Tcp",
          sourceAddressPrefix: from,
          sourcePortRange: "*",
          destinationAddressPrefix: to,
          destinationPortRanges: ports,
        })),
        {
          // Before Azure's own rule 65000, which lets the whole virtual network in.
          name: "deny-virtual-network",
          priority: 4096,
          direction: "Inbound",
          access: "Deny",
          protocol: "*",
          sourceAddressPrefix: "VirtualNetwork",
          sourcePortRange: "*",
          destinationAddressPrefix: "*",
          destinationPortRange: "*",
        },
      ],
    },
    child,
  );
}
