import * as authorization from "@pulumi/azure-native/authorization";
import * as pulumi from "@pulumi/pulumi";
import { childOptions, type Scope } from "../scope";

/**
 * Built-in Azure roles that the platform assigns
 * (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
 */
export enum AzureRole {
  /** Pull images from a registry. */
  AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  /** Push images to a registry, and pull them. */
  AcrPush = "8311e382-0749-4cb8-b61a-304f252e45ec",
  /** Fetch a kubeconfig; what its holder may do then is Kubernetes RBAC. */
  AksClusterUser = "4abbcc35-e782-43d8-92c5-2d3f1bd2253f",
  /** Everything in a cluster, and listing its user credentials. */
  AksRbacClusterAdmin = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
  /** Pull images from the repositories of a registry that goes by attributes. */
  RegistryRepositoryReader = "b93aa761-3e63-49ed-ac28-beffa264f7ac",
  /** Push images to the repositories of such a registry, and pull them. */
  RegistryRepositoryWriter = "2a1e307c-b015-4ebd-883e-5b7698a07328",
  /** Hand an identity to virtual machines. */
  ManagedIdentityOperator = "f1a07417-d97a-45cb-824c-7a7467783830",
  /** Join subnets and make load balancers in them. */
  NetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7",
  /** Read, write and delete blobs. */
  StorageBlobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
}

/** Whom a role is given to, and where. */
export interface RoleSettings extends Scope {
  role: AzureRole;
  /** Subscription whose definition of the role is meant. */
  subscriptionId: pulumi.Input<string>;
  principalId: pulumi.Input<string>;
  /**
   * What the principal is. Named, Azure does not look a new identity up before the directory has
   * spread it. Default `ServicePrincipal`: an identity.
   */
  principalType?: authorization.PrincipalType;
  /** Id of the resource that the rights are on. */
  on: pulumi.Input<string>;
}

/** Gives a principal a built-in role on one resource. */
export function assignRole(settings: RoleSettings): authorization.RoleAssignment {
  const { name, role, subscriptionId, principalId, principalType, on } = settings;
  return new authorization.RoleAssignment(
    name,
    {
      scope: on,
      principalId,
      principalType: principalType ?? authorization.PrincipalType.ServicePrincipal,
      roleDefinitionId: pulumi.output(subscriptionId).apply((id) => roleDefinitionId(id, role)),
    },
    childOptions(settings),
  );
}

/** Resource id of a built-in role in a subscription, as a role assignment wants it. */
export function roleDefinitionId(subscriptionId: string, role: AzureRole): string {
  return (
    `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization` +
    `/roleDefinitions/${role}`
  );
}
