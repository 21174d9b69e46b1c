import { normalizeOidc, normalizeProjectAccess } from "../access/normalize";
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
  | "lake"
  | "tracking"
  | "serving"
  | "clusterQueue"
  | "inferenceTable"
  | "ingestKey"
  | "azure"
  | "github"
> {
  /** Whether the project has an Azure side, not what it is. */
  azure?: unknown;
  github?: GithubChoices;
}

/** Arguments of an MlProject with their defaults. */
export type MlProjectSettings = ReturnType<typeof normalizeMlProject<MlProjectArgs>>;

/** Arguments of a project's repository with their defaults. */
export type GithubSettings = ReturnType<typeof normalizeGithub<MlProjectGithubArgs>>;

/** A GitHub environment with its defaults. */
export type GithubEnvironmentSettings = GithubSettings["environments"][number];

/** Puts in the defaults of what is left out. */
export function normalizeMlProject<Args extends MlProjectChoices>(args: Args) {
  const { github, ...others } = args;
  return {
    ...others,
    gpuQuota: args.gpuQuota ?? 0,
    access: normalizeProjectAccess(args.access),
    oidc: args.oidc && normalizeOidc(args.oidc),
    sharedDatasets: args.sharedDatasets ?? [],
    allowPublicHttps: args.allowPublicHttps ?? false,
    tags: args.tags ?? {},
    protectData: args.protectData ?? true,
    github: github && normalizeGithub(github as NonNullable<Args["github"]>),
  };
}

function normalizeGithub<Args extends GithubChoices>(args: Args) {
  const { environments, ...others } = args;
  const branch = args.branch ?? "main";
  return {
    ...others,
    create: args.create ?? true,
    visibility: args.visibility ?? RepositoryVisibility.Private,
    branch,
    environments: (environments ?? usualEnvironments(args)).map((environment) => ({
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

function usualEnvironments({ reviewerTeamIds }: GithubChoices): GithubEnvironmentArgs[] {
  return [
    { name: "staging", canPushImages: true },
    { name: "production", reviewerTeamIds },
  ];
}
