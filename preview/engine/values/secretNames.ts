import type { StateResource } from "../resources/state";

/** Last words of keys whose value is a secret. */
const secretWords = [
  "password",
  "passwd",
  "passphrase",
  "secret",
  "token",
  "credentials",
  "kubeconfig",
  "api key",
  "access key",
  "secret key",
  "private key",
  "account key",
  "shared key",
  "signing key",
  "encryption key",
  "client secret",
  "connection string",
];

/** Keys that end like a secret and name one instead, or switch one on. */
const references =
  /^(existing .*|image pull .*|tls secret|auth secret|.* secret ref|.* from secret)$/;

/** `adminPassword`, `API_KEY`, `client-secret` → words in lower case. */
function words(key: string): string {
  return key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/[-_./]+/g, " ")
    .toLowerCase()
    .trim();
}

/** True for a property, or an environment variable, whose text value would be a secret. */
export function isSecretKey(key: string): boolean {
  const spoken = words(key);
  if (references.test(spoken)) {
    return false;
  }
  return secretWords.some((word) => spoken === word || spoken.endsWith(` ${word}`));
}

/** A Kubernetes Secret, whichever class registered it. */
export function isKubernetesSecret(resource: StateResource): boolean {
  return (
    resource.type === "kubernetes:core/v1:Secret" ||
    (resource.type.startsWith("kubernetes:") &&
      resource.inputs.kind === "Secret" &&
      resource.inputs.apiVersion === "v1")
  );
}

const githubSecretValues = new Set(["value", "plaintextValue"]);

/** The value of a GitHub Actions, environment, organization, Dependabot or Codespaces secret. */
export function isGithubSecret(type: string, path: string[]): boolean {
  return (
    /^github:index\/\w*[sS]ecret:\w*Secret$/.test(type) &&
    path.length === 1 &&
    githubSecretValues.has(path[0] ?? "")
  );
}
