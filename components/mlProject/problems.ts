import { environmentsOf, type MlProjectGithubArgs } from "./githubArgs";
import type { MlProjectArgs } from "./args";
import {
  checkProjectNames,
  datasetNameProblem,
  environmentNameProblem,
  memberProblem,
  secretNameProblem,
  type ProjectProblem,
} from "./projectNames";

/** Names that long-lived cloud credentials go by; jobs sign in by OIDC instead. */
const cloudCredentialNames =
  /^(AZURE_CREDENTIALS|AZURE_CLIENT_SECRET|ARM_CLIENT_SECRET|ARM_ACCESS_KEY|AZURE_STORAGE_(KEY|ACCESS_KEY|CONNECTION_STRING)|AWS_SECRET_ACCESS_KEY|GOOGLE_CREDENTIALS|GCP_SA_KEY|KUBECONFIG|KUBE_CONFIG)$/i;

/** Names that the component sets itself. */
const ownVariables = new Set([
  "PROJECT",
  "LAKE_ENDPOINT",
  "LAKE_BUCKET",
  "LAKE_REGION",
  "MLFLOW_TRACKING_URI",
  "INFERENCE_TABLE_URL",
  "MODEL_DOMAIN",
  "REGISTRY",
  "AKS_CLUSTER",
  "AKS_RESOURCE_GROUP",
  "TRAINING_BASE_IMAGE",
  "LOG_OFFLOADER_IMAGE",
  "MODEL_SERVER_IMAGE",
]);
const ownSecrets = new Set(["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"]);

/**
 * What is wrong with a project's plain arguments; empty where nothing is.
 *
 * @param name name of the project, which becomes its namespace
 */
export function checkMlProject(name: string, args: MlProjectArgs): ProjectProblem[] {
  const problems = checkProjectNames({ name, github: args.github });
  const report = (propertyPath: string, reason: string | undefined) => {
    if (reason) {
      problems.push({ propertyPath, reason });
    }
  };

  report("owner", args.owner.trim() ? undefined : `is empty: "". Name the team that owns it.`);
  report(
    "costCenter",
    args.costCenter.trim() ? undefined : `is empty: "". Give the account that pays.`,
  );
  report("cpuQuota", quotaProblem(args.cpuQuota, 1, false, "vCPU"));
  report("memoryQuotaGiB", quotaProblem(args.memoryQuotaGiB, 1, true, "GiB"));
  report("gpuQuota", quotaProblem(args.gpuQuota ?? 0, 0, true, "GPUs"));
  args.members?.forEach((group, i) =>
    report(`members[${i}]`, memberProblem(group, args.azure !== undefined)),
  );
  report("members", repeated(args.members ?? []));
  args.sharedDatasets?.forEach((dataset, i) => {
    report(`sharedDatasets[${i}]`, datasetNameProblem(dataset));
    if (dataset === name) {
      report(
        `sharedDatasets[${i}]`,
        `is the project's own: "${dataset}". Remove it; the project may read and write it already.`,
      );
    }
  });
  report("sharedDatasets", repeated(args.sharedDatasets ?? []));
  if (args.github) {
    checkGithub(args.github, report);
  }
  return problems;
}

function checkGithub(
  args: MlProjectGithubArgs,
  report: (propertyPath: string, reason: string | undefined) => void,
): void {
  const environments = environmentsOf(args);
  report(
    "github.reviewerTeamIds",
    args.reviewerTeamIds && args.environments
      ? `is given beside \`github.environments\`, got [${args.reviewerTeamIds.join(", ")}]. ` +
          "Name the reviewers in the environments."
      : undefined,
  );
  environments.forEach((environment, i) => {
    const at = `github.environments[${i}]`;
    report(`${at}.name`, environmentNameProblem(environment.name));
    const reviewers =
      (environment.reviewerTeamIds?.length ?? 0) + (environment.reviewerUserIds?.length ?? 0);
    report(
      at,
      reviewers > 6
        ? `has ${reviewers} reviewers. GitHub takes at most 6; name a team.`
        : undefined,
    );
  });
  report("github.environments", repeated(environments.map((environment) => environment.name)));
  report(
    "github.environments",
    environments.length === 0
      ? "is empty: []. Name at least one; jobs get their Azure identity from it."
      : undefined,
  );
  const approvals = args.requiredApprovals ?? 1;
  report(
    "github.requiredApprovals",
    Number.isInteger(approvals) && approvals >= 0 && approvals <= 10
      ? undefined
      : `must be a whole number from 0 to 10, got ${approvals}. Two eyes need 1.`,
  );
  if (args.create === false && args.visibility !== undefined) {
    report(
      "github.visibility",
      `is "${args.visibility}", but the repository is adopted. Remove it, or set \`create\` ` +
        "to true.",
    );
  }
  for (const key of Object.keys(args.variables ?? {})) {
    report(`github.variables.${key}`, secretNameProblem(key) ?? taken(key, ownVariables));
  }
  for (const key of Object.keys(args.secrets ?? {})) {
    report(`github.secrets.${key}`, secretNameProblem(key) ?? taken(key, ownSecrets));
    report(
      `github.secrets.${key}`,
      cloudCredentialNames.test(key)
        ? `is a long-lived credential of a cloud: "${key}". Sign in by OIDC with azure/login.`
        : undefined,
    );
  }
}

function quotaProblem(
  value: number,
  least: number,
  isWhole: boolean,
  unit: string,
): string | undefined {
  const isGood = Number.isFinite(value) && value >= least && (!isWhole || Number.isInteger(value));
  if (isGood) {
    return undefined;
  }
  return (
    `must be ${isWhole ? "a whole number" : "a number"} of at least ${least} ${unit}, got ` +
    `${value}. Correct it.`
  );
}

function repeated(values: string[]): string | undefined {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  return twice === undefined ? undefined : `names "${twice}" twice. Remove one.`;
}

function taken(key: string, own: Set<string>): string | undefined {
  if (!own.has(key.toUpperCase())) {
    return undefined;
  }
  return `is set by the component itself: "${key}". Choose another name.`;
}
