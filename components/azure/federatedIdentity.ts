import * as authorization from "@pulumi/azure-native/authorization";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation } from "../connections";
import { tokenExchangeAudience } from "../mlProject/federatedSubjects";

/**
 * Built-in roles.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const projectRoles = {
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  acrPush: "8311e382-0749-4cb8-b61a-304f252e45ec",
  /** Lets its holder fetch a kubeconfig; what it may do then is Kubernetes RBAC. */
  aksClusterUser: "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
};

/** An identity and the one token subject that may sign in as it. */
export interface FederatedIdentitySettings {
  azure: pulumi.Output<AzureFoundation>;
  tags: Record<string, string>;
  issuer: pulumi.Input<string>;
  subject: pulumi.Input<string>;
}

/**
 * Makes a user-assigned identity without any credential of its own: a token of `issuer` for
 * `subject` is exchanged for one of the identity.
 */
export function createFederatedIdentity(
  name: string,
  settings: FederatedIdentitySettings,
  parent: pulumi.Resource,
): managedidentity.UserAssignedIdentity {
  const { azure, tags } = settings;
  const identity = new managedidentity.UserAssignedIdentity(
    name,
    { resourceGroupName: azure.resourceGroupName, location: azure.location, tags },
    { parent },
  );
  new managedidentity.FederatedIdentityCredential(
    name,
    {
      resourceGroupName: azure.resourceGroupName,
      resourceName: identity.name,
      issuer: settings.issuer,
      subject: settings.subject,
      audiences: [tokenExchangeAudience],
    },
    { parent },
  );
  return identity;
}

/** Whom a role is given to, and where. */
export interface RoleGrant {
  azure: pulumi.Output<AzureFoundation>;
  /** GUID of the role definition. */
  roleId: string;
  principalId: pulumi.Input<string>;
  /** `ServicePrincipal` for identities: Azure then does not look the new principal up too early. */
  principalType: authorization.PrincipalType;
  scope: pulumi.Input<string>;
}

/** Gives a principal a built-in role on one resource. */
export function createRoleAssignment(
  name: string,
  grant: RoleGrant,
  parent: pulumi.Resource,
): authorization.RoleAssignment {
  const roleDefinitionId = pulumi.interpolate`/subscriptions/${grant.azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${grant.roleId}`;
  return new authorization.RoleAssignment(
    name,
    {
      principalId: grant.principalId,
      principalType: grant.principalType,
      roleDefinitionId,
      scope: grant.scope,
    },
    { parent },
  );
}

/** Name of a resource: the last segment of its id. */
export function resourceNameOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
