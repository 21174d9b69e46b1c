import type { Choices } from "../argumentProblems";
import type { MlProjectArgs } from "./args";
import {
  type GithubEnvironmentArgs,
  type MlProjectGithubArgs,
  RepositoryVisibility,
} from "./githubArgs";

/** What can be chosen about a project's repository: its arguments without the images. */
export type GithubChoices = Choices<MlProjectGithubArgs, "images">;

/** What can be chosen about a project: its arguments without connections and images. */
export interface MlProjectChoices extends Choices<
  MlProjectArgs,
  "lake" | "tracking" | "serving" | "clusterQueue" | "inferenceTable" | "azure" | "github"
> {
  /** Whether the project has an Azure side, not what it is. */
  azure?: unknown;
  github?: GithubChoices;
}

/** Arguments of an MlProject with their defaults. */
export type MlProjectSettings = ReturnType<typeof normalizeMlProject<MlProjectArgs>>;

/** Arguments of a project's repository with their defaults. */
export type GithubSettings = ReturnType<typeof normalizeGithub<MlProjectGithubArgs>>;

/** Puts in the defaults of what is left out; those of `github` are {@link normalizeGithub}'s. */
export function normalizeMlProject<Args extends MlProjectChoices>(args: Args) {
  return {
    ...args,
    gpuQuota: args.gpuQuota ?? 0,
    members: args.members ?? [],
    sharedDatasets: args.sharedDatasets ?? [],
    allowPublicHttps: args.allowPublicHttps ?? false,
    tags: args.tags ?? {},
    protectData: args.protectData ?? true,
  };
}

/** Puts in the defaults of what is left out about a repository. */
export function normalizeGithub<Args extends GithubChoices>(args: Args) {
  const branch = args.branch ?? "main";
  return {
    ...args,
    create: args.create ?? true,
    visibility: args.visibility ?? RepositoryVisibility.Private,
    branch,
    environments: environmentsOf(args).map((environment) => ({
      ...environment,
      reviewerTeamIds: environment.reviewerTeamIds ?? [],
      reviewerUserIds: environment.reviewerUserIds ?? [],
      branchPattern: environment.branchPattern ?? branch,
      canPushImages: environment.canPushImages ?? false,
    })),
    requiredApprovals: args.requiredApprovals ?? 1,
    variables: args.variables ?? {},
    secrets: args.secrets ?? {},
  };
}

function environmentsOf(args: GithubChoices): GithubEnvironmentArgs[] {
  return (
    args.environments ?? [
      { name: "staging", canPushImages: true },
      { name: "production", reviewerTeamIds: args.reviewerTeamIds },
    ]
  );
}
