/**
 * Whose bearer tokens MLflow's server believes, beside names and passwords. `mlplatform.identities`
 * in its image reads it from a file.
 */

/** Names the file of {@link TrackingSignIn} for the server. */
export const signInFileVariable = "MLP_SIGN_IN_FILE";

/** Audience of the tokens by which pods sign in to MLflow; they are good for nothing else. */
export const podTokenAudience = "mlflow";

/** Where MLflow's clients with `MLFLOW_TRACKING_AUTH=kubernetes` read a pod's token. */
export const podTokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Pods: the token of a service account stands for the project whose namespace it is of. */
export interface PodSignIn {
  /** Where the cluster publishes the keys of its service accounts. */
  jwksUri: string;
  /** Certificate of the authority of that address. @default - the public authorities */
  caFile?: string;
  /**
   * The server's own token: shown to that address, and its issuer is the one that pods' tokens must
   * be of.
   */
  tokenFile: string;
  /** Audiences of which a token must carry one. */
  audiences: string[];
  /** Names of the service accounts that may sign in, in any project's namespace. */
  serviceAccounts: string[];
}

/** Groups by what they may do in a project's workspace. */
export interface WorkspaceGroups {
  /** They read, artifacts too. */
  viewers: string[];
  /** They read. */
  approvers: string[];
  /** They do all with what is the project's, and create. */
  members: string[];
  /** What members do. */
  administrators: string[];
}

/** People: their groups decide, on each request anew. */
export interface PeopleSignIn {
  /** Issuer as it stands in the tokens. */
  issuer: string;
  /** Where the issuer publishes its keys. */
  jwksUri: string;
  /** Audiences of which a token must carry one. */
  audiences: string[];
  /** Claim with the list of groups. */
  groupsClaim: string;
  /** Groups that administer MLflow as a whole. */
  administrators: string[];
  /** Groups by project. */
  projects: Record<string, WorkspaceGroups>;
}

/** Whose tokens the server believes. Without any it takes none. */
export interface TrackingSignIn {
  pods?: PodSignIn;
  people?: PeopleSignIn;
}
