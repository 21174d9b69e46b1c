import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { type Scope, statefulOptions } from "../scope";
import { githubClaimKeys } from "./githubSubject";
import type { GithubEnvironmentSettings, GithubSettings } from "./normalize";
import { readTemplate } from "./template";

/** The repository that the rest is attached to, whether it was made here or was there before. */
export interface ProjectRepository {
  name: pulumi.Output<string>;
  fullName: pulumi.Output<string>;
  /** Numeric id: never reused, also after a rename. */
  id: pulumi.Output<number>;
}

/** Makes the repository, or looks an existing one up. */
export function createRepository(
  scope: Scope,
  args: GithubSettings,
  { description, protectData }: { description: string; protectData: boolean },
): ProjectRepository {
  if (!args.create) {
    const found = github.getRepositoryOutput({ name: args.repository }, { parent: scope.parent });
    return { name: found.name, fullName: found.fullName, id: found.repoId };
  }
  const repository = new github.Repository(
    `${scope.name}-repository`,
    {
      name: args.repository,
      description,
      visibility: args.visibility,
      // A branch must exist before files and rules can name it.
      autoInit: true,
      archiveOnDestroy: true,
      deleteBranchOnMerge: true,
      allowMergeCommit: false,
      hasWiki: false,
      hasProjects: false,
      topics: ["mlplatform"],
    },
    statefulOptions(scope, protectData),
  );
  return { name: repository.name, fullName: repository.fullName, id: repository.repoId };
}

/** Makes the subjects of the repository's tokens those that {@link githubClaimKeys} describe. */
export function createSubjectTemplate(
  { name, parent }: Scope,
  repository: ProjectRepository,
): void {
  new github.ActionsRepositoryOidcSubjectClaimCustomizationTemplate(
    `${name}-oidc-subject`,
    { repository: repository.name, useDefault: false, includeClaimKeys: githubClaimKeys },
    { parent },
  );
}

/**
 * Makes an environment that only jobs of the matching branches enter, after its reviewers agree.
 */
export function createEnvironment(
  { name, parent }: Scope,
  settings: {
    args: GithubEnvironmentSettings;
    repository: ProjectRepository;
    secrets: Record<string, pulumi.Input<string>>;
  },
): void {
  const { args, repository } = settings;
  const { reviewerTeamIds: teams, reviewerUserIds: users } = args;
  const hasReviewers = teams.length + users.length > 0;
  const environment = new github.RepositoryEnvironment(
    `${name}-${args.name}`,
    {
      repository: repository.name,
      environment: args.name,
      reviewers: hasReviewers ? [{ teams, users }] : [],
      preventSelfReview: hasReviewers,
      canAdminsBypass: false,
      // GitHub wants exactly one of the two.
      deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
    },
    { parent },
  );
  new github.RepositoryEnvironmentDeploymentPolicy(
    `${name}-${args.name}-branches`,
    {
      repository: repository.name,
      environment: environment.environment,
      branchPattern: args.branchPattern,
    },
    { parent },
  );
  for (const [secretName, value] of Object.entries(settings.secrets)) {
    new github.ActionsEnvironmentSecret(
      `${name}-${args.name}-${secretName}`,
      {
        repository: repository.name,
        environment: environment.environment,
        secretName,
        value: pulumi.secret(value),
      },
      { parent },
    );
  }
}

/** Sets the repository's Actions variables, and its secrets as Pulumi secrets. */
export function createActionsSettings(
  { name, parent }: Scope,
  settings: {
    repository: ProjectRepository;
    variables: Record<string, pulumi.Input<string>>;
    secrets: Record<string, pulumi.Input<string>>;
  },
): void {
  const repository = settings.repository.name;
  for (const [variableName, value] of Object.entries(settings.variables)) {
    new github.ActionsVariable(
      `${name}-variable-${variableName}`,
      { repository, variableName, value },
      { parent },
    );
  }
  for (const [secretName, value] of Object.entries(settings.secrets)) {
    new github.ActionsSecret(
      `${name}-secret-${secretName}`,
      { repository, secretName, value: pulumi.secret(value) },
      { parent },
    );
  }
}

/**
 * Puts the template's files into the repository, once: from then on they are the team's. Then
 * protects the branch, which would refuse these direct commits.
 */
export function createContent(
  scope: Scope,
  args: GithubSettings,
  { repository, protectData }: { repository: ProjectRepository; protectData: boolean },
): void {
  const { name, parent } = scope;
  const { branch } = args;
  let previous: pulumi.Resource | undefined;
  for (const file of args.templateDirectory ? readTemplate(args.templateDirectory) : []) {
    previous = new github.RepositoryFile(
      `${name}-file-${file.path}`,
      {
        repository: repository.name,
        branch,
        file: file.path,
        content: file.content,
        commitMessage: `Start from the project template: ${file.path}`,
        // A created repository has a README from its first commit; in an adopted one nothing of the
        // team's is overwritten.
        overwriteOnCreate: args.create,
      },
      {
        // Once out of the state, it would be written over the team's by the next update.
        ...statefulOptions(scope, protectData),
        // The team edits these files; a later template is theirs to take over.
        ignoreChanges: ["content", "commitMessage", "overwriteOnCreate"],
        retainOnDelete: true,
        // Two commits at once on one branch: GitHub answers the second with a conflict.
        dependsOn: previous ? [previous] : [],
      },
    );
  }
  new github.RepositoryRuleset(
    `${name}-branch-rules`,
    {
      repository: repository.name,
      name: "mlplatform",
      target: "branch",
      enforcement: "active",
      conditions: { refName: { includes: [`refs/heads/${branch}`], excludes: [] } },
      bypassActors: args.bypassAppId
        ? [{ actorId: args.bypassAppId, actorType: "Integration", bypassMode: "always" }]
        : [],
      rules: {
        deletion: true,
        nonFastForward: true,
        requiredLinearHistory: true,
        pullRequest: {
          requiredApprovingReviewCount: args.requiredApprovals,
          dismissStaleReviewsOnPush: true,
          requireLastPushApproval: args.requiredApprovals > 0,
        },
      },
    },
    { parent, dependsOn: previous ? [previous] : [] },
  );
}
