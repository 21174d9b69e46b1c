import * as managedidentity from "@pulumi/azure-native/managedidentity";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureScope } from "./scope";

/** Audience that Microsoft Entra expects in a token it exchanges. */
const tokenExchangeAudience = "api://AzureADTokenExchange";

/** The one token that may sign in as an identity. */
export interface TrustedToken {
  issuer: pulumi.Input<string>;
  subject: pulumi.Input<string>;
}

/** An identity, and the credential by which tokens are exchanged for its own. */
export interface FederatedIdentity {
  identity: managedidentity.UserAssignedIdentity;
  credential: managedidentity.FederatedIdentityCredential;
}

/**
 * Makes a user-assigned identity without any credential of its own: a token of `issuer` for
 * `subject` is exchanged for one of the identity.
 */
export function createFederatedIdentity(
  { name, location, resourceGroupName, tags, child }: AzureScope,
  { issuer, subject }: TrustedToken,
): FederatedIdentity {
  const identity = new managedidentity.UserAssignedIdentity(
    name,
    { resourceGroupName, location, tags },
    child,
  );
  const credential = new managedidentity.FederatedIdentityCredential(
    name,
    {
      resourceGroupName,
      resourceName: identity.name,
      issuer,
      subject,
      audiences: [tokenExchangeAudience],
    },
    child,
  );
  return { identity, credential };
}

/**
 * Subject of a pod that runs as a ServiceAccount. One that differs by a character is refused only
 * when the pod signs in (AADSTS700213).
 * Source: https://learn.microsoft.com/azure/aks/workload-identity-overview
 */
export function serviceAccountSubject(namespace: string, serviceAccount: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}
