import type { ResourceRule } from "../resourceRule";
import { githubSecretTypes, isLongLivedCredential } from "../cloudCredentials";

/**
 * Workflows sign in by OpenID Connect, for minutes; a leaked secret would open the cloud for years.
 */
export const disallowCloudCredentials: ResourceRule = {
  name: "mlplatform-github-disallow-cloud-credentials",
  description: "No GitHub secret is a long-lived cloud credential.",
  types: githubSecretTypes,
  subject: "GitHub secrets",
  *validate({ name, props }) {
    const secretName: string = props.secretName ?? "";
    if (!isLongLivedCredential(secretName)) {
      return;
    }
    yield (
      `GitHub secret "${name}" is named ${secretName}, a credential that does not expire: sign ` +
      "in by OpenID Connect with a federated identity and delete it."
    );
  },
};
