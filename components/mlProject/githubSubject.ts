/**
 * Subject of the tokens that Azure trusts in place of a stored credential. Credential and token
 * issuer are made from these same functions, because a subject that differs by one character is
 * refused only when someone signs in (AADSTS700213).
 */

/** Issuer of the tokens of GitHub Actions on github.com. */
export const githubIssuer = "https://token.actions.githubusercontent.com";

/**
 * Claims that make the subject of a project repository's tokens.
 *
 * GitHub's default is either `repo:owner/name:…` or, for repositories created or renamed after
 * 2026-07-15, `repo:owner@id/name@id:…`. The id alone is neither reused nor renamed, and is the
 * same for created and adopted repositories. Source:
 * https://docs.github.com/actions/reference/security/oidc#immutable-subject-claims
 */
export const githubClaimKeys = ["repository_id", "context"];

/** Subject of a GitHub Actions job that runs in an environment of a repository. */
export function githubEnvironmentSubject(repositoryId: number, environment: string): string {
  // `context` writes itself as `environment:<name>` in a job that names an environment.
  return `repository_id:${repositoryId}:environment:${environment}`;
}
