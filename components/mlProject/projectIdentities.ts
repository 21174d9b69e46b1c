import type * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import { createFederatedIdentity, serviceAccountSubject } from "../azure/federatedIdentity";
import { assignRegistryRight, RegistryRight } from "../azure/registryRoles";
import { assignRole, AzureRole } from "../azure/roles";
import { type AzureScope, azureScope } from "../azure/scope";
import type { AzureFoundation, RegistryConnection } from "../connections";
import type { Scope } from "../scope";
import { githubEnvironmentSubject, githubIssuer } from "./githubSubject";
import type { ProjectRepository } from "./githubRepository";
import type { GithubEnvironmentSettings, MlProjectSettings } from "./normalize";

/** Identities by the GitHub environment whose jobs sign in as them. */
export type Deployers = Record<string, managedidentity.UserAssignedIdentity>;

/** Identity that the pods of a ServiceAccount sign in as. The team grants it what it needs. */
export function createWorkloadIdentity(
  scope: Scope,
  args: MlProjectSettings,
  account: string,
): managedidentity.UserAssignedIdentity | undefined {
  if (!args.azure) {
    return undefined;
  }
  const azure = pulumi.output(args.azure);
  return createFederatedIdentity(identityScope(scope, args, { azure, suffix: account }), {
    issuer: azure.oidcIssuer,
    subject: serviceAccountSubject(scope.name, account),
  }).identity;
}

/**
 * One identity an environment, so that each can be seen and taken away alone. None without Azure or
 * without a repository.
 */
export function createDeployers(
  scope: Scope,
  args: MlProjectSettings,
  repository: ProjectRepository | undefined,
): Deployers {
  if (!repository || !args.github || !args.azure) {
    return {};
  }
  const azure = pulumi.output(args.azure);
  const registry = args.registry && pulumi.output(args.registry);
  return Object.fromEntries(
    args.github.environments.map((environment) => [
      environment.name,
      createDeployer(identityScope(scope, args, { azure, suffix: `github-${environment.name}` }), {
        azure,
        registry,
        environment,
        repository,
      }),
    ]),
  );
}

/** Whose jobs sign in as a deployer. */
interface DeployerSettings {
  azure: pulumi.Output<AzureFoundation>;
  registry?: pulumi.Output<RegistryConnection>;
  environment: GithubEnvironmentSettings;
  repository: ProjectRepository;
}

function createDeployer(
  scope: AzureScope,
  { azure, registry, environment, repository }: DeployerSettings,
): managedidentity.UserAssignedIdentity {
  const { identity } = createFederatedIdentity(scope, {
    issuer: githubIssuer,
    subject: repository.id.apply((id) => githubEnvironmentSubject(id, environment.name)),
  });
  const { subscriptionId, clusterId } = azure;
  const holder = { ...scope, subscriptionId, principalId: identity.principalId };
  assignRole({
    ...holder,
    name: `${scope.name}-cluster`,
    role: AzureRole.AksClusterUser,
    on: clusterId,
  });
  if (registry) {
    assignRegistryRight(
      { ...holder, name: `${scope.name}-registry`, on: registry.id },
      environment.canPushImages ? RegistryRight.Push : RegistryRight.Pull,
    );
  }
  return identity;
}

function identityScope(
  { name, parent }: Scope,
  { tags, owner, costCenter }: MlProjectSettings,
  { azure, suffix }: { azure: pulumi.Output<AzureFoundation>; suffix: string },
): AzureScope {
  return azureScope({
    name: `${name}-${suffix}`,
    parent,
    azure,
    tags: { ...tags, owner, project: name, costCenter },
    protectData: false,
  });
}
