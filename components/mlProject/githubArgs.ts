import type * as pulumi from "@pulumi/pulumi";

/** Who may see a repository. */
export enum RepositoryVisibility {
  Private = "private",
  /** Everyone of the enterprise; needs GitHub Enterprise. */
  Internal = "internal",
  Public = "public",
}

/** Images that the workflows of the repository put into manifests, by digest or exact tag. */
export interface ProjectImages {
  /** Base of the project's training image: Ray, MLflow and the usual libraries. */
  trainingBase: pulumi.Input<string>;
  /** Sidecar that ships Ray's logs into the lake. */
  logOffloader: pulumi.Input<string>;
  /** Server of MLflow models; its resolver finds where a model version lies. */
  modelServer: pulumi.Input<string>;
}

/** A GitHub environment: who agrees to a job, from which branch, with which Azure identity. */
export interface GithubEnvironmentArgs {
  /** Name, e.g. `production`: up to 24 lower-case letters, digits and hyphens. */
  name: string;
  /**
   * Ids of teams of which one member must agree to each job. On private repositories GitHub offers
   * reviewers with its Enterprise plan only.
   *
   * @default - nobody is asked
   */
  reviewerTeamIds?: number[];
  /** Ids of users of whom one must agree to each job. @default - nobody is asked */
  reviewerUserIds?: number[];
  /** Branches whose jobs may enter, as a GitHub pattern. @default - the repository's `branch` */
  branchPattern?: string;
  /**
   * Whether its jobs may push images to the registry; otherwise they only pull.
   *
   * @default false
   */
  canPushImages?: boolean;
}

/** The GitHub side of a project. The owner is the one of the GitHub provider. */
export interface MlProjectGithubArgs {
  /** Bare name of the repository. */
  repository: string;
  /**
   * True makes the repository; false adopts an existing one. An adopted repository's OIDC subject
   * is set too: other clouds that trust its tokens by subject must accept
   * `repository_id:<id>:environment:<name>` first.
   *
   * @default true
   */
  create?: boolean;
  /** Who may see a repository made here. @default private */
  visibility?: RepositoryVisibility;
  /** Branch that holds the released state. @default main */
  branch?: string;
  /** Images for the workflows. */
  images: ProjectImages;
  /**
   * Ids of teams of which one member must agree to each job in `production`, where `environments`
   * is left out; giving both is an error.
   *
   * @default - nobody is asked
   */
  reviewerTeamIds?: number[];
  /** Environments. @default - `staging`, which pushes images, and `production` */
  environments?: GithubEnvironmentArgs[];
  /**
   * Folder whose files a repository starts with. They are committed once; later edits are the
   * team's.
   *
   * @default - no files
   */
  templateDirectory?: string;
  /** Approvals that a pull request needs. @default 1 */
  requiredApprovals?: number;
  /**
   * Id of the GitHub App that the provider signs in as. It may pass the branch rules, which adding
   * a template file to an existing project needs.
   *
   * @default - nobody passes them
   */
  bypassAppId?: number;
  /** More Actions variables by name. @default - none */
  variables?: Record<string, pulumi.Input<string>>;
  /**
   * Actions secrets by name; always stored as Pulumi secrets. Credentials of a cloud are refused:
   * jobs sign in by OIDC.
   *
   * @default - none
   */
  secrets?: Record<string, pulumi.Input<string>>;
}
