import * as pulumi from "@pulumi/pulumi";
import { resourceNameOf } from "../azure/federatedIdentity";
import { environmentsOf, type MlProjectGithubArgs } from "./githubArgs";
import {
  createActionsSettings,
  createContent,
  createEnvironment,
  createSubjectTemplate,
  type ProjectRepository,
} from "./githubRepository";
import type { MlProjectArgs } from "./args";
import type { Deployers } from "./projectIdentities";

/** Gives the repository what its workflows need: sign-in, environments, settings, files, rules. */
export function connectRepository(
  name: string,
  args: MlProjectArgs,
  githubArgs: MlProjectGithubArgs,
  repository: ProjectRepository,
  deployers: Deployers,
  parent: pulumi.Resource,
): void {
  const azure = args.azure ? pulumi.output(args.azure) : undefined;
  const lake = pulumi.output(args.lake);
  if (azure) {
    createSubjectTemplate(name, repository, parent);
  }
  for (const environment of environmentsOf(githubArgs)) {
    const identity = deployers[environment.name];
    createEnvironment(
      name,
      {
        args: environment,
        branch: githubArgs.branch ?? "main",
        repository,
        secrets: identity ? { AZURE_CLIENT_ID: identity.clientId } : {},
      },
      parent,
    );
  }
  createActionsSettings(
    name,
    {
      repository,
      variables: {
        PROJECT: name,
        LAKE_ENDPOINT: lake.endpoint,
        LAKE_BUCKET: lake.bucket,
        LAKE_REGION: lake.region,
        MLFLOW_TRACKING_URI: pulumi.output(args.tracking).uri,
        INFERENCE_TABLE_URL: args.inferenceTableUrl,
        MODEL_DOMAIN: pulumi.output(args.serving).ingressHost,
        TRAINING_BASE_IMAGE: githubArgs.images.trainingBase,
        LOG_OFFLOADER_IMAGE: githubArgs.images.logOffloader,
        MODEL_SERVER_IMAGE: githubArgs.images.modelServer,
        ...(args.registry ? { REGISTRY: args.registry } : {}),
        ...(azure
          ? {
              AKS_CLUSTER: azure.clusterId.apply(resourceNameOf),
              AKS_RESOURCE_GROUP: azure.resourceGroupName,
            }
          : {}),
        ...githubArgs.variables,
      },
      secrets: {
        ...(azure
          ? { AZURE_TENANT_ID: azure.tenantId, AZURE_SUBSCRIPTION_ID: azure.subscriptionId }
          : {}),
        ...githubArgs.secrets,
      },
    },
    parent,
  );
  createContent(name, githubArgs, repository, parent);
}
