import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as pulumi from "@pulumi/pulumi";
import { globalName } from "../azure/names";
import { type AksPlatformArgs, RegistrySku } from "./args";
import type { AzureScope } from "../azure/scope";

/**
 * Makes the container registry. Only Microsoft Entra identities sign in: no admin user, no guests.
 */
export function createRegistry(
  { name, resourceGroupName, location, tags, stateful }: AzureScope,
  uniqueSuffix: pulumi.Input<string>,
  { registrySku, zoneRedundantRegistry }: AksPlatformArgs,
): containerregistry.Registry {
  return new containerregistry.Registry(
    `${name}-registry`,
    {
      resourceGroupName,
      location,
      tags,
      registryName: pulumi.interpolate`${globalName("containerRegistry", name, "registry")}${uniqueSuffix}`,
      sku: { name: registrySku ?? RegistrySku.Standard },
      adminUserEnabled: false,
      anonymousPullEnabled: false,
      zoneRedundancy: zoneRedundantRegistry ? "Enabled" : "Disabled",
    },
    stateful,
  );
}
