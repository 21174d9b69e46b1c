import * as privatedns from "@pulumi/azure-native/privatedns";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureScope } from "./scope";

/** A zone, and the network that it answers in. */
export interface PrivateZoneSettings {
  /** Name of the zone, e.g. `privatelink.blob.core.windows.net`. */
  zoneName: string;
  virtualNetworkId: pulumi.Input<string>;
}

/** A private zone, and its link to the network: names resolve once the link is there. */
export interface LinkedZone {
  zone: privatedns.PrivateZone;
  link: privatedns.VirtualNetworkLink;
}

/** Makes a private DNS zone that answers in the platform's network only. */
export function createPrivateZone(
  { name, resourceGroupName, tags, child }: AzureScope,
  { zoneName, virtualNetworkId }: PrivateZoneSettings,
): LinkedZone {
  const zone = new privatedns.PrivateZone(
    name,
    { resourceGroupName, privateZoneName: zoneName, location: "global", tags },
    child,
  );
  const link = new privatedns.VirtualNetworkLink(
    name,
    {
      resourceGroupName,
      privateZoneName: zone.name,
      location: "global",
      registrationEnabled: false,
      virtualNetwork: { id: virtualNetworkId },
      tags,
    },
    child,
  );
  return { zone, link };
}
