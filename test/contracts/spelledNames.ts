import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as environment from "@mlplatform/contracts/environment";
import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { lineageValues, manifestValue } from "@mlplatform/contracts/lineageValues";
import { offloaderSidecar } from "@mlplatform/contracts/offloaderSidecar";
import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import {
  partOfLabel,
  platformLabels,
  platformName,
  workloadIdentity,
} from "@mlplatform/contracts/platformLabels";
import {
  inferenceTableName,
  localQueueName,
  modelRuntimeName,
  projectSecrets,
  serviceAccounts,
} from "@mlplatform/contracts/platformNames";
import { podPorts } from "@mlplatform/contracts/podPorts";
import { championAlias, runTags } from "@mlplatform/contracts/runTags";
import { trackingServerSecrets } from "@mlplatform/contracts/trackingServer";
import {
  podTokenAudience,
  podTokenFolder,
  signInFileVariable,
} from "@mlplatform/contracts/trackingSignIn";

const {
  bucketAddressings,
  lakeKeyVariables,
  lakeVariables,
  logOffloaderVariables,
  provisioningVariables,
  serviceVariables,
  trackingVariables,
  trainingVariables,
} = environment;
const root = resolve(__dirname, "../..");

/** One kind of name as a file spells it, and the contract's names that the file must spell. */
interface Spelling {
  /** Finds the names; the first group is the name. */
  pattern: RegExp;
  expected: readonly (string | number)[];
}

const keys = (...expected: string[]): Spelling => ({
  pattern: /(mlplatform\.dev\/[a-z-]+)/g,
  expected,
});
const variables = (...expected: string[]): Spelling => ({
  pattern: /\b((?:MLP|MLFLOW_TRACKING|AWS)_[A-Z_]+|MLFLOW_W[A-Z_]+)\b/g,
  expected,
});
const matches = (pattern: RegExp, ...expected: (string | number)[]): Spelling => ({
  pattern,
  expected,
});
const { datasetName, datasetVersion, datasetDigest, modelName, modelVersion, runId } =
  platformAnnotations;
const partOf = matches(
  new RegExp(`^ *([a-z.]+/part-of: [a-z]+)$`, "gm"),
  `${partOfLabel}: ${platformName}`,
);
const template = "workloads/projectTemplate";
/** How a pod finds MLflow and signs in. */
const podTracking = [
  trackingVariables.uri,
  trackingVariables.authentication,
  trackingVariables.workspace,
];
/** And by what a program of the local run does. */
const lookupTracking = [...podTracking, trackingVariables.username, trackingVariables.password];
const podToken = [
  matches(/audience: ([\w-]+)/g, podTokenAudience),
  matches(/mountPath: (\/var\/run\/\S+)/g, podTokenFolder),
];
const quoted = (pattern: string) => new RegExp(`"(${pattern})"`, "g");
const workloadIdentityUse = Object.entries(workloadIdentity).map(
  ([label, value]) => `${label}: "${value}"`,
);

/**
 * The files that cannot import the contracts, because they are YAML, shell, Python or a Dockerfile,
 * with what each of them spells.
 */
export const spellings: Record<string, Spelling[]> = {
  [`${template}/deploy/rayJob.yaml`]: [
    partOf,
    keys(
      ...Object.values(platformLabels).filter((label) => label !== platformLabels.pool),
      ...[datasetName, datasetVersion, platformAnnotations.datasetLocation],
      platformAnnotations.gitRepository,
    ),
    variables(
      ...Object.values(lakeVariables),
      ...Object.values(lakeKeyVariables),
      ...podTracking,
      ...Object.values(logOffloaderVariables),
      ...[serviceVariables.stateDirectory, serviceVariables.port],
      ...[trainingVariables.gitCommit, trainingVariables.gitRepository],
    ),
    matches(/initContainers:\n *- name: ([\w-]+)/g, offloaderSidecar.name),
    matches(/name: MLP_STATE_DIR, value: ([\w/.-]+)/g, offloaderSidecar.stateDirectory),
    matches(/name: MLP_RAY_DIR, value: ([\w/.-]+)/g, offloaderSidecar.mountPath),
    matches(/name: ([\w-]+), mountPath: \/tmp\/ray\b/g, offloaderSidecar.volume),
    matches(/name: ray-logs, mountPath: ([\w/-]+)/g, offloaderSidecar.mountPath),
    matches(/name: ([\w-]+), emptyDir: \{ sizeLimit: 10Gi \}/g, offloaderSidecar.volume),
    matches(/terminationGracePeriodSeconds: (\d+)/g, offloaderSidecar.gracePeriodSeconds),
    matches(/MLP_PORT, value: "(\d+)"/g, offloaderSidecar.port),
    matches(/name: log-offloader, containerPort: (\d+)/g, offloaderSidecar.port),
    matches(/, port: ([\w-]+) \}/g, offloaderSidecar.name),
    matches(/name: gcs-server, containerPort: (\d+)/g, podPorts.rayGcs),
    matches(/name: dashboard, containerPort: (\d+)/g, podPorts.rayDashboard),
    matches(/name: client, containerPort: (\d+)/g, podPorts.rayClient),
    matches(/name: metrics, containerPort: (\d+)/g, podPorts.rayMetrics),
    matches(/secretKeyRef: \{ name: ([\w-]+)/g, projectSecrets.lake),
    ...podToken,
    matches(/serviceAccountName: ([\w-]+)/g, serviceAccounts.training),
    matches(/kueue\.x-k8s\.io\/queue-name: (\w+)/g, localQueueName),
    matches(/s3:\/\/\$\{LAKE_BUCKET\}\/(\w+\/)/g, lakeFolders.datasets),
    matches(/(azure\.workload[\w./-]+: "\w+")/g, ...workloadIdentityUse),
  ],
  [`${template}/deploy/inferenceService.yaml`]: [
    partOf,
    keys(
      ...[platformLabels.project, platformLabels.gitCommit],
      ...[modelName, modelVersion, runId, datasetName, datasetVersion, datasetDigest],
    ),
    matches(/serviceAccountName: ([\w-]+)/g, serviceAccounts.serving),
    matches(/runtime: ([\w-]+)/g, modelRuntimeName),
    matches(/(azure\.workload[\w./-]+: "\w+")/g, ...workloadIdentityUse),
  ],
  [`${template}/deploy/resolveModel.yaml`]: [
    partOf,
    keys(platformLabels.project),
    variables(...podTracking),
    ...podToken,
    matches(/serviceAccountName: ([\w-]+)/g, serviceAccounts.training),
    matches(/s3:\/\/\$\{LAKE_BUCKET\}\/(\w+)/g, lakeFolders.artifacts.replace("/", "")),
  ],
  [`${template}/deploy/render.sh`]: [matches(/=~ (\S+) \]\]/g, manifestValue)],
  [`${template}/deploy/lineage.sh`]: [
    matches(/=~ \^\[A-Z_\]\+=(\S+) \]\]/g, manifestValue.slice(1)),
    matches(
      /tag\("([^"]+)"\)/g,
      ...[runTags.gitCommit, runTags.datasetName, runTags.datasetVersion, runTags.datasetDigest],
    ),
  ],
  [`${template}/.github/workflows/deploy.yml`]: [matches(/default: (\w+)/g, championAlias)],
  [`${template}/training/config.py`]: [
    variables(
      ...Object.values(lakeVariables),
      ...Object.values(trainingVariables),
      ...[logOffloaderVariables.cluster, "AWS_REGION"],
    ),
    matches(/DATASET_NAME = re\.compile\(\s*r"([^"]+)"/g, lineageValues.datasetName.pattern),
    matches(/DATASET_VERSION = re\.compile\(\s*r"([^"]+)"/g, lineageValues.datasetVersion.pattern),
    matches(/^ADDRESSING_STYLES = \{"(\w+)": /gm, bucketAddressings[0]),
    matches(/^ADDRESSING_STYLES = .*, "(\w+)": /gm, bucketAddressings[1]),
  ],
  [`${template}/training/data.py`]: [matches(/f"(\w+\/)\{dataset_name\}/g, lakeFolders.datasets)],
  [`${template}/training/register.py`]: [
    matches(
      quoted("(?:dataset|git|ray)\\.[a-z_]+"),
      ...Object.values(runTags).filter((tag) => !tag.endsWith("job_id")),
    ),
    matches(/^ALIAS = "(\w+)"/gm, championAlias),
  ],
  [`${template}/training/__main__.py`]: [
    matches(quoted("(?:dataset|git|ray)\\.[a-z_]+"), runTags.rayJobId, runTags.rayInternalJobId),
  ],
  "workloads/modelServer/resolve.py": [
    // The last is its own: a flag's default.
    variables(...lookupTracking, "MLP_ARTIFACTS_ROOT"),
  ],
  "workloads/mlflow/mlplatform/identities.py": [
    variables(signInFileVariable, trackingServerSecrets.metricsToken),
    matches(/"(\w+)": (?:READS|WORKS)/g, ...["viewers", "approvers", "members", "administrators"]),
  ],
  "workloads/modelServer/Dockerfile": [
    matches(/EXPOSE (\d+)/g, podPorts.modelServer),
    matches(/--http_port=(\d+)/g, podPorts.modelServer),
  ],
  "workloads/mlflow/Dockerfile": [matches(/EXPOSE (\d+)/g, podPorts.mlflow)],
  "components/mlProject/provisionTracking.py": [
    matches(
      /environment(?:\["|\.get\("(?!WAIT))(\w+)"/g,
      ...[...Object.values(provisioningVariables), trackingVariables.uri],
    ),
  ],
  "components/observabilityStack/alerts/inferenceTable.yaml": [
    keys(platformAnnotations.modelVersion),
    matches(/up\{job="([\w-]+)"/g, inferenceTableName),
  ],
};

/** Text of a file of the repository. */
export const textOf = (file: string): string => readFileSync(resolve(root, file), "utf8");

/** What a text spells otherwise than the contracts, one line a kind of name. */
export function misspellings(file: string, text: string): string[] {
  return spellings[file]!.flatMap(({ pattern, expected }) => {
    const found = new Set(Array.from(text.matchAll(pattern), ([, name]) => name!));
    const wanted = new Set(expected.map(String));
    const missing = [...wanted].filter((name) => !found.has(name));
    const unknown = [...found].filter((name) => !wanted.has(name));
    return missing.length + unknown.length === 0
      ? []
      : [`${pattern}: misses ${missing.join(", ")}; has ${unknown.join(", ")}`];
  });
}
