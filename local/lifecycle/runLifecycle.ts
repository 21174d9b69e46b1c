import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { publishDataset } from "./dataset";
import { UserError } from "../../screen/userError";
import { readGitState } from "./gitState";
import { startInferenceTable, startLogOffloader } from "../services/lakeServices";
import { type LocalLake, type S3Kind, startObjectStore } from "../services/objectStore";
import { choosePorts } from "../processes/ports";
import { startPostgres } from "../services/postgres";
import { sendPredictions } from "./predictions";
import { PythonEnvironment, requireFreeSpace } from "../programs/pythonEnvironment";
import {
  type JobSurroundings,
  rayCluster,
  rayDirectory,
  runTrainingJob,
  startRay,
} from "../services/ray";
import { writeJson } from "../processes/runState";
import { resolveChampion, startAgent, startModelServer } from "../services/serving";
import type { StepRunner } from "./steps";
import type { Supervisor } from "../processes/supervisor";
import {
  type LocalTracking,
  localTracking,
  projectUserFile,
  startMlflow,
} from "../services/tracking";
import { featureRows, verifyEvents, verifyRayLogs } from "./verifyLake";

/** What a run is asked to do. */
export interface RunOptions {
  s3: S3Kind;
  portBase?: number;
  /** Predictions to send. */
  predictions: number;
  /** Trials of the hyperparameter search. */
  trials: number;
}

/** What a run leaves to be shown. */
export interface RunResult {
  lake: LocalLake;
  tracking: LocalTracking;
  agentUrl: string;
  predictionId: string;
  model: string;
}

/** The Kubernetes namespace that the run stands for. */
export const localNamespace = "local";
const model = "breast-cancer";
const exampleDataset = { name: `${localNamespace}/breast-cancer`, version: "1" };
const neededFreeMib = 2048;

/** The whole life of a model: each step is a line of the screen. */
export async function runLifecycle(
  options: RunOptions,
  supervisor: Supervisor,
  steps: StepRunner,
): Promise<RunResult> {
  const { state } = supervisor;

  const python = await steps.step("Python environment", async (say) => {
    requireFreeSpace(state.root, neededFreeMib);
    requireFreeSpace(supervisor.record.outside[0] as string, neededFreeMib);
    const requirements = join(state.clone, "local", "python", "requirements.txt");
    return PythonEnvironment.prepare(state.root, requirements, say);
  });
  const ports = await steps.step("Free ports", () => choosePorts(options.portBase));

  const lake = await steps.step(`Object store (${options.s3})`, (say) =>
    startObjectStore(options.s3, supervisor, ports, python, say),
  );
  const database = await steps.step("PostgreSQL", (say) =>
    startPostgres(supervisor, ports, python, say),
  );

  const tracking = localTracking(ports, localNamespace);
  const git = await readGitState(state.clone);
  const surroundings: JobSurroundings = {
    lake,
    tracking,
    gitCommit: git.commit,
    gitRepository: git.repository,
  };
  const job = `train-${supervisor.record.runId}`;
  const { ray, offloader, table } = await steps.step(
    "MLflow, Ray, inference table, log offloader",
    async () => {
      const cluster = { directory: rayDirectory(supervisor), cluster: rayCluster(supervisor) };
      mkdirSync(cluster.directory, { recursive: true });
      const [, table, [offloader, ray]] = await Promise.all([
        startMlflow(supervisor, ports, python, lake, database, tracking),
        startInferenceTable(supervisor, ports, lake, localNamespace),
        // The offloader first: it announces the node before Ray writes its first byte.
        startLogOffloader(supervisor, ports, lake, {
          ...cluster,
          namespace: localNamespace,
          job,
        }).then(
          async (started) =>
            [started, await startRay(supervisor, ports, python, surroundings)] as const,
        ),
      ]);
      writeEndpoints(supervisor, lake, tracking);
      return { ray, offloader, table };
    },
  );

  const dataset = await steps.step("Publish the dataset", async (say) => {
    const manifest = await publishDataset(supervisor, python, lake, exampleDataset);
    say(
      `${manifest.name} ${manifest.version}, ${manifest.rows} rows, ` +
        `${manifest.digest.slice(0, 12)}`,
    );
    return manifest;
  });

  await steps.step("Train, tune and register", async (say) => {
    say(`job ${job}`);
    await runTrainingJob(supervisor, python, ray, job, [
      ...["--dataset", exampleDataset.name, "--dataset_version", exampleDataset.version],
      ...["--model_name", model, "--trials", String(options.trials)],
    ]);
  });

  const { agentUrl, version } = await steps.step("Serve the champion from S3", async (say) => {
    const location = await resolveChampion(supervisor, python, lake, tracking, model);
    say(`version ${location.version} from ${location.uri}`);
    const server = await startModelServer(supervisor, ports, python, lake, location);
    const agentUrl = await startAgent(
      supervisor,
      ports,
      server,
      table.address,
      location,
      localNamespace,
    );
    return { agentUrl, version: location };
  });

  const sent = await steps.step(`Send ${options.predictions} predictions`, async (say) => {
    const data = await featureRows(lake, dataset, join(state.run, "dataset"));
    const answered = await sendPredictions(agentUrl, model, data, options.predictions, say);
    say(`all answered`);
    return answered;
  });
  const predictionId = sent[Math.floor(sent.length / 2)]?.id;
  if (predictionId === undefined) {
    throw new UserError({
      what: "no prediction was sent",
      remedy: "Ask for at least one with --predictions.",
    });
  }
  supervisor.record.predictionId = predictionId;
  state.save(supervisor.record);

  await steps.step("Stop Ray, bring its logs to the lake", async () => {
    await supervisor.stop(ray.service);
    await supervisor.stop(offloader);
  });

  await steps.step("Compare the lake with what was sent", async (say) => {
    const cache = join(state.run, "cache");
    const events = await verifyEvents(lake, localNamespace, sent, version, cache);
    const logs = await verifyRayLogs(lake, {
      directory: ray.directory,
      namespace: localNamespace,
      cluster: ray.cluster,
      cache,
    });
    say(
      `${events} events for ${sent.length} requests; ${logs.files} log files, ${logs.bytes} ` +
        "bytes equal",
    );
  });
  return { lake, tracking, agentUrl, predictionId, model: model };
}

/** Writes where `mlp trace`, `mlp logs` and `mlp inferences` find this run's stores. */
function writeEndpoints(supervisor: Supervisor, lake: LocalLake, tracking: LocalTracking): void {
  const credentialsFile = join(supervisor.state.run, "lake-credentials.json");
  const { accessKeyId, secretAccessKey } = lake;
  writeJson(credentialsFile, { accessKeyId, secretAccessKey });
  const trackingCredentialsFile = projectUserFile(supervisor.state.run);
  const { project: username, password } = tracking;
  writeJson(trackingCredentialsFile, { username, password });
  const { endpoint, region, bucket } = lake;
  writeJson(supervisor.state.endpoints, {
    lake: { endpoint, region, bucket, credentialsFile },
    mlflow: {
      uri: tracking.url,
      workspace: tracking.project,
      credentialsFile: trackingCredentialsFile,
    },
  });
}
