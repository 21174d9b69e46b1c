import * as network from "@pulumi/azure-native/network";
import type * as pulumi from "@pulumi/pulumi";
import { createPrivateZone } from "../azure/privateZone";
import type { AzureScope } from "../azure/scope";

/** Zone that the public name of a storage account points into when the account is private. */
const blobZone = "privatelink.blob.core.windows.net";

/** The account, and where it gets an address. */
export interface BlobEndpointSettings {
  accountId: pulumi.Input<string>;
  virtualNetworkId: pulumi.Input<string>;
  endpointSubnetId: pulumi.Input<string>;
}

/**
 * Gives the account an address in the virtual network, and its name that address. Resolves to the
 * DNS zone group, after which pods of the cluster reach the account.
 */
export function createBlobPrivateEndpoint(
  scope: AzureScope,
  { accountId, virtualNetworkId, endpointSubnetId }: BlobEndpointSettings,
): network.PrivateDnsZoneGroup {
  const { resourceGroupName, location, tags, child } = scope;
  const name = `${scope.name}-blob`;
  const { zone, link } = createPrivateZone(
    { ...scope, name },
    { zoneName: blobZone, virtualNetworkId },
  );
  const endpoint = new network.PrivateEndpoint(
    name,
    {
      resourceGroupName,
      location,
      subnet: { id: endpointSubnetId },
      privateLinkServiceConnections: [
        { name: "blob", privateLinkServiceId: accountId, groupIds: ["blob"] },
      ],
      tags,
    },
    child,
  );
  return new network.PrivateDnsZoneGroup(
    name,
    {
      resourceGroupName,
      privateEndpointName: endpoint.name,
      privateDnsZoneGroupName: "default",
      privateDnsZoneConfigs: [{ name: "blob", privateDnsZoneId: zone.id }],
    },
    { ...child, dependsOn: [link] },
  );
}
