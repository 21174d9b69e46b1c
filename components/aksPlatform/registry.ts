import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as pulumi from "@pulumi/pulumi";
import { globalName } from "../azure/names";
import { assignRegistryRight, RegistryRight } from "../azure/registryRoles";
import type { AzureScope } from "../azure/scope";
import { createUniqueSuffix } from "../azure/uniqueSuffix";
import type { RegistryConnection } from "../connections";
import { RegistrySku } from "./args";
import type { AksPlatformSettings } from "./normalize";

/**
 * Makes the container registry. Only Microsoft Entra identities sign in: no admin user, no guests.
 */
export function createRegistry(
  scope: AzureScope,
  uniqueSuffix: pulumi.Input<string>,
  { registrySku, zoneRedundantRegistry }: AksPlatformSettings,
): containerregistry.Registry {
  return new containerregistry.Registry(
    `${scope.name}-registry`,
    {
      ...closedRegistry(scope, scope.name, uniqueSuffix),
      sku: { name: registrySku },
      zoneRedundancy: zoneRedundantRegistry ? "Enabled" : "Disabled",
    },
    scope.stateful,
  );
}

/** Who pulls from the projects' registries. */
export interface Puller {
  subscriptionId: pulumi.Output<string>;
  principalId: pulumi.Output<string>;
}

/** Makes a registry for each of some projects. */
export function createProjectRegistries(
  scope: AzureScope,
  projects: readonly string[],
  puller: Puller,
): pulumi.Output<Record<string, RegistryConnection>> {
  const registries = projects.map((project) => {
    const name = `${scope.name}-${project}`;
    // A suffix each: what remains of two names without hyphens can be the same.
    const uniqueSuffix = createUniqueSuffix({ ...scope, name: `${name}-unique` });
    const registry = new containerregistry.Registry(
      `${name}-registry`,
      { ...closedRegistry(scope, project, uniqueSuffix), sku: { name: RegistrySku.Basic } },
      scope.stateful,
    );
    assignRegistryRight(
      { ...scope, ...puller, name: `${name}-pull-images`, on: registry.id },
      RegistryRight.Pull,
    );
    return pulumi
      .all([registry.id, registry.loginServer])
      .apply(([id, host]) => [project, { id, host }] as const);
  });
  return pulumi.all(registries).apply((entries) => Object.fromEntries(entries));
}

function closedRegistry(
  { resourceGroupName, location, tags }: AzureScope,
  owner: string,
  uniqueSuffix: pulumi.Input<string>,
) {
  const stem = globalName("containerRegistry", owner, "registry");
  return {
    resourceGroupName,
    location,
    tags,
    registryName: pulumi.interpolate`${stem}${uniqueSuffix}`,
    adminUserEnabled: false,
    anonymousPullEnabled: false,
  };
}
