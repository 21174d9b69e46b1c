import { runTags } from "@mlplatform/contracts/runTags";
import type { MlflowClient, MlflowModelVersion, MlflowRun } from "./mlflowClient";
import type { Lake } from "./lake";
import type { LakeSelection } from "../tables/lakeSelection";

/** The stations of a trace, in order. */
export enum HopName {
  Prediction = "prediction",
  ModelVersion = "model version",
  Run = "run",
  Dataset = "dataset",
  Commit = "commit",
  RayJob = "ray job",
  LogLines = "log lines",
}

/** One station: what was read, and from where. */
export interface TraceHop {
  hop: HopName;
  /** The store that was asked: an object's table, or a REST resource. */
  store: string;
  isFound: boolean;
  facts: Record<string, string>;
  /** What is missing or doesn't fit; empty when all is well. */
  problems: string[];
}

/** A prediction's way back to its origin. */
export interface Trace {
  predictionId: string;
  hops: TraceHop[];
  /** The first lines of the Ray job's own log. */
  logLines: string[];
  /** Every station was found and none contradicts another. */
  isComplete: boolean;
}

/** What a trace reads from. */
export interface TraceSources {
  lake: Lake;
  mlflow: MlflowClient;
  /** Narrows where the prediction and the logs are looked for. */
  selection?: LakeSelection;
  /** @default 20 */
  maxLogLines?: number;
}

interface PredictionRow {
  request_time: Date;
  inference_service: string;
  namespace: string;
  revision: string;
  status: string;
  latency_ms: number | null;
  model_name: string;
  model_version: string;
  mlflow_run_id: string;
  dataset_digest: string;
}

interface LogLineRow {
  file: string;
  node: string;
  text: string;
}

const unknownText = "unknown";

/**
 * Follows a prediction to its model version, run, dataset, commit, Ray job and log lines. Each hop
 * is read from its store with what the hop before it gave; a hop that isn't found is named, and
 * what hangs on it too.
 */
export async function tracePrediction(sources: TraceSources, predictionId: string): Promise<Trace> {
  const { lake } = sources;
  const rows = await findPredictions(lake, predictionId, sources.selection);
  const row = rows[0];
  // A model's namespace is its project, and a project is a workspace.
  const mlflow = row === undefined ? sources.mlflow : sources.mlflow.inWorkspace(row.namespace);
  const version =
    row === undefined || row.model_name === unknownText || row.model_version === unknownText
      ? undefined
      : await mlflow.modelVersion(row.model_name, row.model_version);
  const runId =
    version?.runId !== undefined && version.runId !== "" ? version.runId : knownRun(row);
  const run = runId === undefined ? undefined : await mlflow.run(runId);
  const lines = run === undefined ? [] : await findLogLines(sources, run.tags);
  const hops = [
    predictionHop(rows),
    modelVersionHop(row, version),
    runHop(row, version, run),
    datasetHop(row, run),
    commitHop(run),
    rayJobHop(run),
    logLinesHop(run, lines),
  ];
  return {
    predictionId,
    hops,
    logLines: lines.map(({ text }) => text),
    isComplete: hops.every(({ isFound, problems }) => isFound && problems.length === 0),
  };
}

async function findPredictions(
  lake: Lake,
  predictionId: string,
  selection: LakeSelection = {},
): Promise<PredictionRow[]> {
  const { rows } = await lake.query(
    `SELECT request_time, inference_service, namespace, revision, status, latency_ms, model_name,
            model_version, mlflow_run_id, dataset_digest
     FROM inferences WHERE request_id = $id
     ORDER BY status = 'ok' DESC, request_time DESC NULLS LAST LIMIT 10`,
    { ...selection, cluster: undefined, predictionId },
    { id: predictionId },
  );
  return rows as unknown as PredictionRow[];
}

async function findLogLines(
  { lake, maxLogLines = 20 }: TraceSources,
  tags: Record<string, string>,
): Promise<LogLineRow[]> {
  const job = tags[runTags.rayJobId];
  const cluster = tags[runTags.rayCluster];
  if (job === undefined || cluster === undefined) {
    return [];
  }
  // A submission id names the driver's log; a job id is in the names of the workers' logs.
  const { rows } = await lake.query(
    `SELECT file, node, text FROM raylogs WHERE cluster = $cluster AND job_id = $job
       AND trim(text) <> ''
     ORDER BY component <> 'job-driver', node, file_uid, byte_start LIMIT ${maxLogLines}`,
    { cluster },
    { cluster, job },
  );
  return rows as unknown as LogLineRow[];
}

function knownRun(row: PredictionRow | undefined): string | undefined {
  return row === undefined || row.mlflow_run_id === unknownText ? undefined : row.mlflow_run_id;
}

function predictionHop(rows: PredictionRow[]): TraceHop {
  const row = rows[0];
  const problems =
    row === undefined ? ["no prediction has this id"] : row.status === "ok" ? [] : [row.status];
  if (rows.length > 1) {
    problems.push(`${rows.length} predictions share this id; the latest answered one is traced`);
  }
  const facts: Record<string, string> =
    row === undefined
      ? {}
      : {
          time: row.request_time.toISOString(),
          service: `${row.namespace}/${row.inference_service}`,
          revision: row.revision,
          latency: row.latency_ms === null ? unknownText : `${row.latency_ms.toFixed(1)} ms`,
        };
  return hop(HopName.Prediction, "lake: inferences", row !== undefined, facts, problems);
}

function modelVersionHop(
  row: PredictionRow | undefined,
  version: MlflowModelVersion | undefined,
): TraceHop {
  const isNamed =
    row !== undefined && row.model_name !== unknownText && row.model_version !== unknownText;
  const problem = isNamed
    ? `MLflow has no version ${row.model_version} of ${row.model_name}`
    : "the prediction's row names no model version";
  const facts: Record<string, string> =
    version === undefined ? {} : { name: version.name, version: version.version };
  const problems = version === undefined ? [problem] : [];
  return hop(
    HopName.ModelVersion,
    "MLflow: model-versions",
    version !== undefined,
    facts,
    problems,
  );
}

function runHop(
  row: PredictionRow | undefined,
  version: MlflowModelVersion | undefined,
  run: MlflowRun | undefined,
): TraceHop {
  const problems: string[] = [];
  const served = knownRun(row);
  if (run === undefined) {
    problems.push("neither the model version nor the row leads to a run that MLflow has");
  } else if (served !== undefined && served !== run.runId) {
    problems.push(`the row says run ${served}, the model version says ${version?.runId}`);
  }
  const facts: Record<string, string> =
    run === undefined ? {} : { run: run.runId, status: run.status };
  return hop(HopName.Run, "MLflow: runs", run !== undefined, facts, problems);
}

// By the names that the screen shows.
const datasetTags = {
  location: runTags.datasetLocation,
  name: runTags.datasetName,
  version: runTags.datasetVersion,
  digest: runTags.datasetDigest,
};
const gitTags = { commit: runTags.gitCommit, repository: runTags.gitRepository };
const rayTags = { job_id: runTags.rayJobId, cluster: runTags.rayCluster };

function datasetHop(row: PredictionRow | undefined, run: MlflowRun | undefined): TraceHop {
  const facts = tagFacts(run, datasetTags);
  const problems = missingTags(run, Object.values(datasetTags));
  const digest = facts["digest"];
  const isServedElsewhere =
    row !== undefined &&
    row.dataset_digest !== unknownText &&
    digest !== undefined &&
    row.dataset_digest !== digest;
  if (isServedElsewhere) {
    problems.push(`the row says digest ${row.dataset_digest}, the run says ${digest}`);
  }
  if (run !== undefined && run.datasets.length === 0) {
    problems.push("the run logged no dataset input");
  }
  return hop(HopName.Dataset, "MLflow: run tags", digest !== undefined, facts, problems);
}

function commitHop(run: MlflowRun | undefined): TraceHop {
  const facts = tagFacts(run, gitTags);
  const problems = missingTags(run, [gitTags.commit]);
  return hop(HopName.Commit, "MLflow: run tags", facts["commit"] !== undefined, facts, problems);
}

function rayJobHop(run: MlflowRun | undefined): TraceHop {
  const facts = tagFacts(run, rayTags);
  const problems = missingTags(run, Object.values(rayTags));
  return hop(HopName.RayJob, "MLflow: run tags", problems.length === 0, facts, problems);
}

function logLinesHop(run: MlflowRun | undefined, lines: LogLineRow[]): TraceHop {
  const first = lines[0];
  const facts: Record<string, string> =
    first === undefined ? {} : { file: first.file, node: first.node };
  const cluster = run?.tags[runTags.rayCluster] ?? unknownText;
  const job = run?.tags[runTags.rayJobId] ?? unknownText;
  const problems =
    first === undefined ? [`the lake has no log lines of job ${job} on cluster ${cluster}`] : [];
  return hop(HopName.LogLines, "lake: raylogs", first !== undefined, facts, problems);
}

/** What the run's tags tell, by the names that the screen shows. */
function tagFacts(
  run: MlflowRun | undefined,
  tagOf: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tagOf).flatMap(([name, tag]) => {
      const value = run?.tags[tag];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function missingTags(run: MlflowRun | undefined, tags: readonly string[]): string[] {
  if (run === undefined) {
    return ["there is no run to read it from"];
  }
  const missing = tags.filter((tag) => run.tags[tag] === undefined);
  return missing.map((tag) => `the run has no tag ${tag}`);
}

function hop(
  name: HopName,
  store: string,
  isFound: boolean,
  facts: Record<string, string>,
  problems: string[],
): TraceHop {
  return { hop: name, store, isFound, facts, problems };
}
