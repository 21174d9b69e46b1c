/**
 * Built-in Azure roles that the platform assigns
 * (https://learn.microsoft.com/azure/role-based-access-control/built-in-roles).
 */
export enum AzureRole {
  /** Pull images from a registry. */
  AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  /** Join subnets and make load balancers in them. */
  NetworkContributor = "4d97b98b-1d4f-4787-a291-c67834d212e7",
  /** Hand an identity to virtual machines. */
  ManagedIdentityOperator = "f1a07417-d97a-45cb-824c-7a7467783830",
  /** Everything in a cluster, and listing its user credentials. */
  AksRbacClusterAdmin = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
}

/** Resource id of a built-in role in a subscription, as a role assignment wants it. */
export function roleDefinitionId(subscriptionId: string, role: AzureRole): string {
  return `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
}
