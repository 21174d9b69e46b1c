/** Types of GitHub that keep a secret. */
export const githubSecretTypes = [
  "github:index/actionsSecret:ActionsSecret",
  "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
  "github:index/actionsOrganizationSecret:ActionsOrganizationSecret",
  "github:index/dependabotSecret:DependabotSecret",
  "github:index/codespacesSecret:CodespacesSecret",
] as const;

/**
 * Names under which long-lived credentials of clouds and clusters are kept, as the documentation of
 * Azure, AWS, Google Cloud, Kubernetes and their GitHub actions writes them. Values are not read:
 * an id is unknown in a preview, and a credential should not be looked at.
 */
const longLived =
  /^((AZURE|ARM|AWS|GCP|GCLOUD|GOOGLE)_(.*_)?(CREDENTIALS?|SECRET|PASSWORD|KEY|KEY_ID|ACCESS_KEY|SA_KEY|TOKEN)|GOOGLE_APPLICATION_CREDENTIALS|.*_?KUBE_?CONFIG|.*_(CONNECTION_STRING|ACCOUNT_KEY|SAS_TOKEN|CLIENT_SECRET)|(ACR|REGISTRY|DOCKER)_(PASSWORD|TOKEN)|.*_SERVICE_ACCOUNT_KEY)$/;

/** Whether a secret of this name is a credential that stays valid until somebody revokes it. */
export function isLongLivedCredential(secretName: string): boolean {
  return longLived.test(secretName.toUpperCase());
}
