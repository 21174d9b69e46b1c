import { oidcProblems, projectAccessProblems } from "../access/problems";
import { tagText } from "../argumentFormats";
import {
  type ArgumentProblem,
  choiceProblems,
  countProblems,
  problem,
  repeatProblems,
  textProblems,
} from "../argumentProblems";
import { RepositoryVisibility } from "./githubArgs";
import { type GithubChoices, type MlProjectChoices, normalizeMlProject } from "./normalize";
import {
  datasetName,
  environmentName,
  projectNameProblems,
  repositoryNameProblems,
  secretName,
} from "./projectNames";
import { templateProblems } from "./template";

/** Names that long-lived cloud credentials go by; jobs sign in by OIDC instead. */
const cloudCredentialNames =
  /^(AZURE_CREDENTIALS|AZURE_CLIENT_SECRET|ARM_CLIENT_SECRET|ARM_ACCESS_KEY|AZURE_STORAGE_(KEY|ACCESS_KEY|CONNECTION_STRING)|AWS_SECRET_ACCESS_KEY|GOOGLE_CREDENTIALS|GCP_SA_KEY|KUBECONFIG|KUBE_CONFIG)$/i;

/** Names that the component sets itself. */
const ownVariables = new Set([
  "PROJECT",
  "LAKE_ENDPOINT",
  "LAKE_BUCKET",
  "LAKE_REGION",
  "LAKE_ADDRESSING",
  "MLFLOW_TRACKING_URI",
  "MODEL_DOMAIN",
  "REGISTRY",
  "AKS_CLUSTER",
  "AKS_RESOURCE_GROUP",
  "TRAINING_BASE_IMAGE",
  "LOG_OFFLOADER_IMAGE",
  "MODEL_SERVER_IMAGE",
]);
const ownSecrets = new Set([
  "AZURE_CLIENT_ID",
  "AZURE_TENANT_ID",
  "AZURE_SUBSCRIPTION_ID",
  "INFERENCE_TABLE_URL",
]);

/**
 * Everything that is wrong with the arguments of an MlProject; empty where nothing is.
 *
 * @param name name of the project, which becomes its namespace
 */
export function mlProjectProblems(name: string, args: MlProjectChoices): ArgumentProblem[] {
  const settings = normalizeMlProject(args);
  const { owner, costCenter, sharedDatasets } = settings;
  return [
    ...projectNameProblems("name", name),
    ...textProblems("owner", owner, { ...tagText, remedy: "Name the team that owns it." }),
    ...textProblems("costCenter", costCenter, {
      ...tagText,
      remedy: "Give the account that pays.",
    }),
    ...cpuQuotaProblems(settings.cpuQuota),
    ...countProblems("memoryQuotaGiB", settings.memoryQuotaGiB, {
      least: 1,
      most: 1_000_000,
      unit: "GiB",
    }),
    ...countProblems("gpuQuota", settings.gpuQuota, { least: 0, most: 10_000, unit: "GPUs" }),
    ...(args.oidc ? oidcProblems("oidc", args.oidc) : []),
    ...projectAccessProblems("access", args.access, args.azure !== undefined),
    ...sharedDatasets.flatMap((dataset, i) =>
      datasetProblems(`sharedDatasets[${i}]`, dataset, name),
    ),
    ...repeatProblems("sharedDatasets", sharedDatasets),
    ...(args.github && settings.github ? githubProblems(args.github, settings.github) : []),
  ];
}

/** Kubernetes takes fractions of a vCPU. */
function cpuQuotaProblems(value: number): ArgumentProblem[] {
  const most = 100_000;
  return value >= 1 && value <= most
    ? []
    : [
        problem(
          "cpuQuota",
          `must be a number of vCPU from 1 to ${most}`,
          value,
          "Choose a number in that range.",
        ),
      ];
}

function datasetProblems(path: string, dataset: string, project: string): ArgumentProblem[] {
  if (dataset !== project) {
    return textProblems(path, dataset, datasetName);
  }
  const remedy = "Remove it; the project may read and write it already.";
  return [problem(path, "must not be the project's own", dataset, remedy)];
}

function githubProblems(
  args: GithubChoices,
  settings: NonNullable<ReturnType<typeof normalizeMlProject>["github"]>,
): ArgumentProblem[] {
  const { environments, requiredApprovals, variables, secrets } = settings;
  return [
    ...repositoryNameProblems("github.repository", args.repository),
    ...choiceProblems("github.visibility", args.visibility, RepositoryVisibility),
    ...choiceOfTwoProblems(args),
    ...environmentProblems(environments),
    ...countProblems("github.requiredApprovals", requiredApprovals, {
      least: 0,
      most: 10,
      unit: "approvals",
      remedy: "Two eyes need 1.",
    }),
    ...Object.keys(variables).flatMap((key) =>
      settingNameProblems(`github.variables.${key}`, key, ownVariables),
    ),
    ...Object.keys(secrets).flatMap((key) => [
      ...settingNameProblems(`github.secrets.${key}`, key, ownSecrets),
      ...cloudCredentialProblems(`github.secrets.${key}`, key),
    ]),
    ...templateProblems("github.templateDirectory", args.templateDirectory),
  ];
}

/** Arguments of which one makes the other senseless. */
function choiceOfTwoProblems(args: GithubChoices): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  if (args.reviewerTeamIds && args.environments) {
    const rule = "must be absent beside `github.environments`";
    const remedy = "Name the reviewers in the environments.";
    problems.push(problem("github.reviewerTeamIds", rule, args.reviewerTeamIds, remedy));
  }
  if (args.create === false && args.visibility !== undefined) {
    const rule = "must be absent for an adopted repository";
    const remedy = "Remove it, or set `github.create` to true.";
    problems.push(problem("github.visibility", rule, args.visibility, remedy));
  }
  return problems;
}

interface Reviewed {
  name: string;
  reviewerTeamIds: number[];
  reviewerUserIds: number[];
}

function environmentProblems(environments: Reviewed[]): ArgumentProblem[] {
  const path = "github.environments";
  if (environments.length === 0) {
    const remedy = "Jobs get their Azure identity from it.";
    return [problem(path, "must name at least one environment", environments, remedy)];
  }
  return [
    ...environments.flatMap(({ name, reviewerTeamIds, reviewerUserIds }, i) => {
      const reviewers = reviewerTeamIds.length + reviewerUserIds.length;
      const rule = "must have at most 6 reviewers, which is what GitHub takes";
      return [
        ...textProblems(`${path}[${i}].name`, name, environmentName),
        ...idProblems(`${path}[${i}].reviewerTeamIds`, reviewerTeamIds),
        ...idProblems(`${path}[${i}].reviewerUserIds`, reviewerUserIds),
        ...(reviewers > 6 ? [problem(`${path}[${i}]`, rule, reviewers, "Name a team.")] : []),
      ];
    }),
    ...repeatProblems(
      path,
      environments.map(({ name }) => name),
    ),
  ];
}

/** Ids of GitHub's teams and users. */
function idProblems(path: string, ids: number[] = []): ArgumentProblem[] {
  return ids.flatMap((id, index) =>
    Number.isSafeInteger(id) && id > 0
      ? []
      : [problem(`${path}[${index}]`, "must be an id", id, "GitHub's are whole numbers above 0.")],
  );
}

function settingNameProblems(path: string, key: string, own: Set<string>): ArgumentProblem[] {
  return own.has(key.toUpperCase())
    ? [problem(path, "must not be one that the component sets", key, "Choose another name.")]
    : textProblems(path, key, secretName);
}

function cloudCredentialProblems(path: string, key: string): ArgumentProblem[] {
  const remedy = "Sign in by OIDC with azure/login.";
  return cloudCredentialNames.test(key)
    ? [problem(path, "must not be a long-lived credential of a cloud", key, remedy)]
    : [];
}
