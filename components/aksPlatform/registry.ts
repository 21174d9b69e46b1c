import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as pulumi from "@pulumi/pulumi";
import { globalName } from "../azure/names";
import type { AzureScope } from "../azure/scope";
import type { AksPlatformSettings } from "./normalize";

/**
 * Makes the container registry. Only Microsoft Entra identities sign in: no admin user, no guests.
 */
export function createRegistry(
  { name, resourceGroupName, location, tags, stateful }: AzureScope,
  uniqueSuffix: pulumi.Input<string>,
  { registrySku, zoneRedundantRegistry }: AksPlatformSettings,
): containerregistry.Registry {
  const stem = globalName("containerRegistry", name, "registry");
  return new containerregistry.Registry(
    `${name}-registry`,
    {
      resourceGroupName,
      location,
      tags,
      registryName: pulumi.interpolate`${stem}${uniqueSuffix}`,
      sku: { name: registrySku },
      adminUserEnabled: false,
      anonymousPullEnabled: false,
      zoneRedundancy: zoneRedundantRegistry ? "Enabled" : "Disabled",
    },
    stateful,
  );
}
