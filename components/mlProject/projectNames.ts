/** Rules for the names a project hands to Kubernetes, GitHub and Azure. Pure: no Outputs. */

/** A problem of one argument. */
export interface ProjectProblem {
  /** Path of the argument, e.g. `github.repository`. */
  propertyPath: string;
  /** What is wrong, the value seen, the remedy; reads on from the path. */
  reason: string;
}

/** The names of a project, as far as they are known without Outputs. */
export interface ProjectNames {
  name: string;
  github?: { repository: string };
}

/**
 * Longest project name. A model's Knative Service is named `<model>-predictor-<project>` inside one
 * DNS label of 63 characters (KServe), so a longer project leaves no room for model names.
 */
export const maxProjectNameLength = 40;

const dnsLabel = /^[a-z](-?[a-z0-9])*$/;
const reservedNamespaces = new Set(["default", "mlflow", "kserve", "data-lake", "observability"]);
const reservedNamespacePrefixes = ["kube-", "knative-", "istio-", "cert-manager", "cnpg-", "aks-"];

/** What is wrong with a project's names; empty where nothing is. */
export function checkProjectNames({ name, github }: ProjectNames): ProjectProblem[] {
  const checks: [string, string | undefined][] = [
    ["name", projectNameProblem(name)],
    ["github.repository", github && repositoryNameProblem(github.repository)],
  ];
  return checks.flatMap(([propertyPath, reason]) => (reason ? [{ propertyPath, reason }] : []));
}

/** Why a project cannot have this name, or undefined. The name becomes a namespace. */
export function projectNameProblem(name: string): string | undefined {
  if (name.length > maxProjectNameLength) {
    return (
      `is ${name.length} characters long: "${name}". Use at most ${maxProjectNameLength}; host ` +
      "names of models carry it."
    );
  }
  if (!dnsLabel.test(name)) {
    return (
      `is not a DNS label: "${name}". Use lower-case letters, digits and single hyphens ` +
      "inside, a letter first."
    );
  }
  if (reservedNamespaces.has(name) || reservedNamespacePrefixes.some((p) => name.startsWith(p))) {
    return `is a namespace of the platform or of Kubernetes: "${name}". Choose another name.`;
  }
  return undefined;
}

/**
 * Why GitHub refuses a repository name, or undefined. Source:
 * https://docs.github.com/repositories/creating-and-managing-repositories/creating-a-new-repository
 */
export function repositoryNameProblem(name: string): string | undefined {
  if (name.includes("/")) {
    return (
      `carries an owner: "${name}". Give the bare name; the owner is the one of the GitHub ` +
      "provider."
    );
  }
  const isValid = /^[A-Za-z0-9._-]{1,100}$/.test(name) && ![".", ".."].includes(name);
  if (!isValid || /\.(git|wiki)$/i.test(name)) {
    return (
      `is not a GitHub repository name: "${name}". Use 1 to 100 of letters, digits, ".", "-" ` +
      `and "_", not ending in ".git" or ".wiki".`
    );
  }
  return undefined;
}

/**
 * Why GitHub refuses the name of an Actions secret or variable, or undefined.
 * Source: https://docs.github.com/actions/reference/security/secrets#naming-your-secrets
 */
export function secretNameProblem(name: string): string | undefined {
  if (/^(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*$/i.test(name)) {
    return undefined;
  }
  return (
    `is not a name of a GitHub secret or variable: "${name}". Use letters, digits and "_", no ` +
    "digit first, and no prefix GITHUB_."
  );
}

/**
 * Why an environment cannot have this name, or undefined. Stricter than GitHub: the name is part of
 * an OIDC subject, where GitHub escapes ":", and of Azure resource names.
 */
export function environmentNameProblem(name: string): string | undefined {
  if (name.length <= 24 && dnsLabel.test(name)) {
    return undefined;
  }
  return (
    `is not an environment name: "${name}". Use up to 24 lower-case letters, digits and ` +
    "hyphens, with a letter first."
  );
}

/** Why a data set's name cannot be a path segment of the lake, or undefined. */
export function datasetNameProblem(name: string): string | undefined {
  if (/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/.test(name) && !name.includes("..")) {
    return undefined;
  }
  return (
    `is not a folder of the lake's datasets/: "${name}". Use 1 to 63 lower-case letters, ` +
    `digits, ".", "-" and "_", letter or digit first and last.`
  );
}

const objectId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Why a member group is refused, or undefined. On Azure, Kubernetes sees groups by object id. */
export function memberProblem(group: string, isAzure: boolean): string | undefined {
  if (group.startsWith("system:")) {
    return `is a group of Kubernetes itself: "${group}". Name a group of the team.`;
  }
  if (isAzure && !objectId.test(group)) {
    return (
      `is not an object id: "${group}". Give the object id of a Microsoft Entra group, e.g. ` +
      `from \`az ad group show\`.`
    );
  }
  return group.length > 0 ? undefined : `is empty: "". Remove it or name a group.`;
}
