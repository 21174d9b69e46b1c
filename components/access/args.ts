/** Whose tokens the platform believes. */
export interface OidcArgs {
  /** Issuer as it stands in the tokens, e.g. `https://login.microsoftonline.com/<tenant>/v2.0`. */
  issuer: string;
  /** Where the issuer publishes its keys. */
  jwksUri: string;
  /** Audiences of which a token must carry one; at least one. */
  audiences: string[];
  /**
   * Audiences of tokens for models. A model sees the token of whoever calls it: with audiences of
   * their own such tokens are good for nothing else.
   * @default - `audiences`
   */
  modelAudiences?: string[];
  /**
   * Claim with the groups of whoever signed in.
   * @default "groups"
   */
  groupsClaim?: string;
  /**
   * Claim that names the callers of models, e.g. `roles`: Microsoft Entra gives applications the
   * roles that were assigned to them, and no groups.
   * @default - that of the groups
   */
  callersClaim?: string;
}

/**
 * Who may do what in a project. Groups are Microsoft Entra object ids on Azure, otherwise names as
 * the cluster's authenticator and the tokens give them.
 */
export interface ProjectAccessArgs {
  /** Groups that see what runs, with its logs, and change nothing. @default - nobody */
  viewers?: string[];
  /** Groups that also run jobs and models, and call the models. @default - nobody */
  members?: string[];
  /**
   * Groups that agree to what others do: they see what viewers see, and change nothing themselves.
   * @default - nobody
   */
  approvers?: string[];
  /** Groups that may do what members may, and clear up what is stuck. @default - nobody */
  administrators?: string[];
  /** Values of the callers' claim whose tokens may call the project's models. @default - nobody */
  callers?: string[];
}
