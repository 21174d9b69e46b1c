import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import { trackingAdministrator } from "@mlplatform/contracts/trackingServer";
import { type ArgumentProblem, problem, type TextFormat } from "../argumentProblems";

/** Rules for the names a project hands to Kubernetes, GitHub and Azure. Pure: no Outputs. */

/**
 * Longest project name. A model's Knative Service answers at `<model>-predictor--<project>`, one
 * DNS label of 63 characters, so a longer project leaves no room for model names.
 */
const maxProjectNameLength = 40;

/** Without two hyphens in a row: they divide model and project in a host (contracts/modelHosts). */
const dnsLabel = /^[a-z](-?[a-z0-9])*$/;
const reservedNamespaces = new Set<string>(["default", ...Object.values(platformNamespaces)]);
/**
 * Names that MLflow gives to no workspace, and a project is one; so is a name of one letter. A
 * project is a user of MLflow too, so it can't have the administrator's name.
 */
const reservedWorkspaces = new Set([
  "workspaces",
  "api",
  "ajax-api",
  "static-files",
  trackingAdministrator,
]);
const minProjectNameLength = 2;
const reservedNamespacePrefixes = ["kube-", "knative-", "istio-", "cert-manager", "cnpg-", "aks-"];

/** Why a project cannot have this name; empty where it can. The name becomes a namespace. */
export function projectNameProblems(path: string, name: string): ArgumentProblem[] {
  if (name.length > maxProjectNameLength) {
    const rule = `must be at most ${maxProjectNameLength} characters long`;
    return [problem(path, rule, name, "Shorten it: host names of models carry it.")];
  }
  if (name.length < minProjectNameLength || reservedWorkspaces.has(name)) {
    const rule = "must be a name that MLflow takes for a workspace and a user";
    const remedy = `Use two letters or more, and none of ${[...reservedWorkspaces].join(", ")}.`;
    return [problem(path, rule, name, remedy)];
  }
  if (!dnsLabel.test(name)) {
    const remedy = "Use lower-case letters, digits and single hyphens inside, a letter first.";
    return [problem(path, "must be a DNS label", name, remedy)];
  }
  if (reservedNamespaces.has(name) || reservedNamespacePrefixes.some((p) => name.startsWith(p))) {
    const rule = "must not be a namespace of the platform or of Kubernetes";
    return [problem(path, rule, name, "Choose another name.")];
  }
  return [];
}

/**
 * Why GitHub refuses a repository name; empty where it does not. Source:
 * https://docs.github.com/repositories/creating-and-managing-repositories/creating-a-new-repository
 */
export function repositoryNameProblems(path: string, name: string): ArgumentProblem[] {
  if (name.includes("/")) {
    const remedy = "Give the bare name; the owner is the one of the GitHub provider.";
    return [problem(path, "must not carry an owner", name, remedy)];
  }
  const isValid = /^[A-Za-z0-9._-]{1,100}$/.test(name) && ![".", ".."].includes(name);
  if (!isValid || /\.(git|wiki)$/i.test(name)) {
    const remedy =
      'Use 1 to 100 of letters, digits, ".", "-" and "_", not ending in ".git" or ".wiki".';
    return [problem(path, "must be a GitHub repository name", name, remedy)];
  }
  return [];
}

/**
 * Name of an Actions secret or variable.
 * Source: https://docs.github.com/actions/reference/security/secrets#naming-your-secrets
 */
export const secretName: TextFormat = {
  pattern: /^(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*$/i,
  rule: "must be a name of a GitHub secret or variable",
  remedy: 'Use letters, digits and "_", no digit first, and no prefix GITHUB_.',
};

/**
 * Name of an environment. Stricter than GitHub: it is part of an OIDC subject, where GitHub escapes
 * ":", and of Azure resource names.
 */
export const environmentName: TextFormat = {
  pattern: /^(?=.{1,24}$)[a-z](-?[a-z0-9])*$/,
  rule: "must be an environment name",
  remedy: "Use up to 24 lower-case letters, digits and hyphens, with a letter first.",
};

/** A data set's name as a path segment of the lake. */
export const datasetName: TextFormat = {
  pattern: /^(?!.*\.\.)[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/,
  rule: "must be a folder of the lake's datasets/",
  remedy:
    'Use 1 to 63 lower-case letters, digits, ".", "-" and "_", letter or digit first and last.',
};
