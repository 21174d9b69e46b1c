import * as authorization from "@pulumi/azure-native/authorization";
import type * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation } from "../connections";
import {
  createFederatedIdentity,
  createRoleAssignment,
  projectRoles,
} from "../azure/federatedIdentity";
import { githubEnvironmentSubject, githubIssuer, serviceAccountSubject } from "./federatedSubjects";
import { environmentsOf, type MlProjectGithubArgs } from "./githubArgs";
import type { ProjectRepository } from "./githubRepository";
import type { MlProjectArgs } from "./args";

/** Identities by the GitHub environment whose jobs sign in as them. */
export type Deployers = Record<string, managedidentity.UserAssignedIdentity>;

/** Tags of the project's Azure resources. */
function projectTags(name: string, args: MlProjectArgs): Record<string, string> {
  return { ...args.tags, owner: args.owner, project: name, costCenter: args.costCenter };
}

/** Identity that the pods of a ServiceAccount sign in as. The team grants it what it needs. */
export function createWorkloadIdentity(
  name: string,
  args: MlProjectArgs,
  account: string,
  parent: pulumi.Resource,
): managedidentity.UserAssignedIdentity {
  const azure = pulumi.output(args.azure!);
  return createFederatedIdentity(
    `${name}-${account}`,
    {
      azure,
      tags: projectTags(name, args),
      issuer: azure.oidcIssuer,
      subject: serviceAccountSubject(name, account),
    },
    parent,
  );
}

/** One identity an environment, so that each can be seen and taken away alone. */
export function createDeployers(
  name: string,
  args: MlProjectArgs,
  githubArgs: MlProjectGithubArgs,
  repository: ProjectRepository,
  parent: pulumi.Resource,
): Deployers {
  const azure = pulumi.output(args.azure!);
  const deployers: Deployers = {};
  for (const environment of environmentsOf(githubArgs)) {
    const logicalName = `${name}-github-${environment.name}`;
    const identity = createFederatedIdentity(
      logicalName,
      {
        azure,
        tags: projectTags(name, args),
        issuer: githubIssuer,
        subject: repository.id.apply((id) => githubEnvironmentSubject(id, environment.name)),
      },
      parent,
    );
    const grant = (suffix: string, roleId: string, scope: pulumi.Input<string>) =>
      createRoleAssignment(
        `${logicalName}-${suffix}`,
        {
          azure,
          roleId,
          scope,
          principalId: identity.principalId,
          principalType: authorization.PrincipalType.ServicePrincipal,
        },
        parent,
      );
    grant("cluster", projectRoles.aksClusterUser, azure.clusterId);
    const registryRole = environment.canPushImages ? projectRoles.acrPush : projectRoles.acrPull;
    grant("registry", registryRole, azure.registryId);
    deployers[environment.name] = identity;
  }
  return deployers;
}

/** Lets the members fetch a kubeconfig; their rights in the cluster are those of the Role. */
export function admitMembers(
  name: string,
  azure: pulumi.Output<AzureFoundation>,
  members: string[],
  parent: pulumi.Resource,
): void {
  for (const group of members) {
    createRoleAssignment(
      `${name}-member-${group}`,
      {
        azure,
        roleId: projectRoles.aksClusterUser,
        principalId: group,
        principalType: authorization.PrincipalType.Group,
        scope: azure.clusterId,
      },
      parent,
    );
  }
}
