import { trackingVariables } from "@mlplatform/contracts/environment";
import * as pulumi from "@pulumi/pulumi";
import { resourceNameOf } from "../azure/names";
import type { Scope } from "../scope";
import {
  createActionsSettings,
  createContent,
  createEnvironment,
  createRepository,
  createSubjectTemplate,
  type ProjectRepository,
} from "./githubRepository";
import type { Deployers } from "./projectIdentities";
import type { GithubSettings, MlProjectSettings } from "./normalize";

/** Makes or adopts the project's repository, where it has one. */
export function createProjectRepository(
  scope: Scope,
  { github, owner, protectData }: MlProjectSettings,
): ProjectRepository | undefined {
  return (
    github &&
    createRepository(scope, github, {
      description: `ML project ${scope.name} of ${owner}`,
      protectData,
    })
  );
}

/** A repository, and the identities that its jobs sign in as. */
export interface ConnectedRepository {
  repository: ProjectRepository | undefined;
  deployers: Deployers;
  /** Where models post their predictions to. */
  inferenceAddress: pulumi.Output<string>;
}

/** Gives the repository what its workflows need: sign-in, environments, settings, files, rules. */
export function connectRepository(
  scope: Scope,
  args: MlProjectSettings,
  { repository, deployers, inferenceAddress }: ConnectedRepository,
): void {
  const { github } = args;
  if (!repository || !github) {
    return;
  }
  if (args.azure) {
    createSubjectTemplate(scope, repository);
  }
  for (const environment of github.environments) {
    const identity = deployers[environment.name];
    createEnvironment(scope, {
      args: environment,
      repository,
      secrets: identity ? { AZURE_CLIENT_ID: identity.clientId } : {},
    });
  }
  createActionsSettings(scope, {
    repository,
    variables: { ...ownVariables(scope.name, args, github), ...github.variables },
    secrets: { ...ownSecrets(args), INFERENCE_TABLE_URL: inferenceAddress, ...github.secrets },
  });
  createContent(scope, github, { repository, protectData: args.protectData });
}

/** What the workflows know of the platform. */
function ownVariables(
  name: string,
  args: MlProjectSettings,
  { images }: GithubSettings,
): Record<string, pulumi.Input<string>> {
  const lake = pulumi.output(args.lake);
  const azure = args.azure && pulumi.output(args.azure);
  return {
    PROJECT: name,
    LAKE_ENDPOINT: lake.endpoint,
    LAKE_BUCKET: lake.bucket,
    LAKE_REGION: lake.region,
    LAKE_ADDRESSING: lake.addressing,
    [trackingVariables.uri]: pulumi.output(args.tracking).uri,
    MODEL_DOMAIN: pulumi.output(args.serving).ingressHost,
    TRAINING_BASE_IMAGE: images.trainingBase,
    LOG_OFFLOADER_IMAGE: images.logOffloader,
    MODEL_SERVER_IMAGE: images.modelServer,
    ...(args.registry ? { REGISTRY: pulumi.output(args.registry).host } : {}),
    ...(azure
      ? {
          AKS_CLUSTER: azure.clusterId.apply(resourceNameOf),
          AKS_RESOURCE_GROUP: azure.resourceGroupName,
        }
      : {}),
  };
}

/** Where the workflows sign in; no credential among them. */
function ownSecrets({
  azure: foundation,
}: MlProjectSettings): Record<string, pulumi.Input<string>> {
  const azure = foundation && pulumi.output(foundation);
  return azure
    ? { AZURE_TENANT_ID: azure.tenantId, AZURE_SUBSCRIPTION_ID: azure.subscriptionId }
    : {};
}
