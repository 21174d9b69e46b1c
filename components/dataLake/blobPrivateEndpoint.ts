import * as network from "@pulumi/azure-native/network";
import * as privatedns from "@pulumi/azure-native/privatedns";
import type * as storage from "@pulumi/azure-native/storage";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation } from "../connections";
import type { LakeStoreSettings } from "./lakeStore";

/** Zone that the public name of a storage account points into when the account is private. */
const blobZone = "privatelink.blob.core.windows.net";

/**
 * Gives the account an address in the virtual network, and its name that address. Resolves to the
 * DNS zone group, after which pods of the cluster reach the account.
 */
export function createBlobPrivateEndpoint(
  name: string,
  settings: LakeStoreSettings,
  azure: pulumi.Output<AzureFoundation>,
  account: storage.StorageAccount,
  parent: pulumi.Resource,
): network.PrivateDnsZoneGroup {
  const { resourceGroupName, location, virtualNetworkId, endpointSubnetId } = azure;
  const { tags } = settings;
  const zone = new privatedns.PrivateZone(
    `${name}-blob`,
    { resourceGroupName, privateZoneName: blobZone, location: "global", tags },
    { parent },
  );
  const link = new privatedns.VirtualNetworkLink(
    `${name}-blob`,
    {
      resourceGroupName,
      privateZoneName: zone.name,
      location: "global",
      registrationEnabled: false,
      virtualNetwork: { id: virtualNetworkId },
      tags,
    },
    { parent },
  );
  const endpoint = new network.PrivateEndpoint(
    `${name}-blob`,
    {
      resourceGroupName,
      location,
      subnet: { id: endpointSubnetId },
      privateLinkServiceConnections: [
        { name: "blob", privateLinkServiceId: account.id, groupIds: ["blob"] },
      ],
      tags,
    },
    { parent },
  );
  return new network.PrivateDnsZoneGroup(
    `${name}-blob`,
    {
      resourceGroupName,
      privateEndpointName: endpoint.name,
      privateDnsZoneGroupName: "default",
      privateDnsZoneConfigs: [{ name: "blob", privateDnsZoneId: zone.id }],
    },
    { parent, dependsOn: [link] },
  );
}
