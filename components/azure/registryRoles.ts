import type * as authorization from "@pulumi/azure-native/authorization";
import { assignRole, AzureRole, type RoleSettings } from "./roles";

/** What somebody may do with the images of a registry. */
export enum RegistryRight {
  Pull = "pull",
  /** Pulling included. */
  Push = "push",
}

/**
 * The roles of a right. A registry goes by the one or the other, as its role assignment mode says:
 * one that attributes may narrow ignores AcrPull and AcrPush. The provider's version of the API
 * can't set the mode, and the default is about to change
 * (https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions).
 */
const roles: Record<RegistryRight, { registry: AzureRole; repositories: AzureRole }> = {
  [RegistryRight.Pull]: {
    registry: AzureRole.AcrPull,
    repositories: AzureRole.RegistryRepositoryReader,
  },
  [RegistryRight.Push]: {
    registry: AzureRole.AcrPush,
    repositories: AzureRole.RegistryRepositoryWriter,
  },
};

/** Gives a principal a right on a registry in either of its role assignment modes. */
export function assignRegistryRight(
  settings: Omit<RoleSettings, "role">,
  right: RegistryRight,
): authorization.RoleAssignment[] {
  const { registry, repositories } = roles[right];
  return [
    assignRole({ ...settings, role: registry }),
    assignRole({ ...settings, name: `${settings.name}-repositories`, role: repositories }),
  ];
}
