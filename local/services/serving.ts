import { join } from "node:path";
import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import { championAlias, runTags } from "@mlplatform/contracts/runTags";
import type { LoggerIdentity } from "./payloadEvents";
import { type LocalLake, lakeEnvironment } from "./objectStore";
import type { Ports } from "../processes/ports";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import type { Supervisor } from "../processes/supervisor";
import { artifactsRoot, type LocalTracking, trackingEnvironment } from "./tracking";

const readyTimeoutMs = 120_000;
const resolveTimeoutMs = 60_000;

/**
 * A registered version, its address in the lake and its run's lineage tags: resolve.py's answer.
 */
export interface ModelLocation {
  name: string;
  version: string;
  run_id: string;
  uri: string;
  tags: Record<string, string>;
}

/** Asks MLflow where the champion of a model lies in the lake. */
export async function resolveChampion(
  supervisor: Supervisor,
  python: PythonEnvironment,
  lake: LocalLake,
  tracking: LocalTracking,
  model: string,
): Promise<ModelLocation> {
  const printed = await supervisor.runToEnd({
    name: "resolve",
    command: python.python,
    args: [
      join(supervisor.state.clone, "workloads", "modelServer", "resolve.py"),
      ...["--model", model, "--alias", championAlias],
      ...["--artifacts_root", artifactsRoot(lake)],
    ],
    env: trackingEnvironment(tracking),
    timeoutMs: resolveTimeoutMs,
    remedy: "Check in MLflow's page that the version is registered and has the alias champion.",
  });
  return JSON.parse(printed) as ModelLocation;
}

/** The annotations that a deployment puts on its InferenceService: design's data contract. */
function modelAnnotations(model: ModelLocation): Record<string, string> {
  return {
    [platformAnnotations.modelName]: model.name,
    [platformAnnotations.modelVersion]: model.version,
    [platformAnnotations.runId]: model.run_id,
    [platformAnnotations.datasetName]: model.tags[runTags.datasetName] ?? "",
    [platformAnnotations.datasetVersion]: model.tags[runTags.datasetVersion] ?? "",
    [platformAnnotations.datasetDigest]: model.tags[runTags.datasetDigest] ?? "",
  };
}

/** Starts KServe's model server on loopback; it loads the model straight from the lake. */
export async function startModelServer(
  supervisor: Supervisor,
  ports: Ports,
  python: PythonEnvironment,
  lake: LocalLake,
  model: ModelLocation,
): Promise<string> {
  const url = `http://127.0.0.1:${ports.modelServer}`;
  const service = supervisor.start({
    name: "model-server",
    command: python.python,
    args: [
      join(supervisor.state.clone, "workloads", "modelServer", "server.py"),
      ...[`--model_name=${model.name}`, `--model_dir=${model.uri}`],
      ...["--host=127.0.0.1", `--http_port=${ports.modelServer}`],
    ],
    env: {
      ...lakeEnvironment(lake),
      MLFLOW_S3_ENDPOINT_URL: lake.endpoint,
      MLFLOW_DISABLE_TELEMETRY: "true",
      OMP_NUM_THREADS: "1",
    },
    url,
  });
  const ready = async () => (await fetch(`${url}/v2/models/${model.name}/ready`)).ok;
  await supervisor.waitReady(service, ready, readyTimeoutMs);
  return url;
}

/** Starts the stand-in for KServe's agent in front of the model server. */
export async function startAgent(
  supervisor: Supervisor,
  ports: Ports,
  upstream: string,
  sink: string,
  model: ModelLocation,
  namespace: string,
): Promise<string> {
  const url = `http://127.0.0.1:${ports.kserveAgent}`;
  const { runId } = supervisor.record;
  const identity: LoggerIdentity = {
    // A pod's name: revision, the ReplicaSet's hash, the pod's own suffix.
    source: `${model.name}-predictor-00001-deployment-${runId.slice(0, 7)}-${runId.slice(7)}`,
    inferenceService: model.name,
    namespace,
    component: "predictor",
    endpoint: "",
    metadataHeaders: ["X-Request-Id"],
    annotations: modelAnnotations(model),
  };
  const options = { host: "127.0.0.1", port: ports.kserveAgent, upstream, sink, identity };
  const service = supervisor.start({
    name: "kserve-agent",
    command: process.execPath,
    args: ["--import", "tsx", join(supervisor.state.clone, "local", "services", "kserveAgent.ts")],
    cwd: supervisor.state.clone,
    env: { MLP_AGENT: JSON.stringify(options) },
    url,
  });
  const probe = { headers: { "user-agent": "kube-probe/1.35" } };
  const ready = async () => (await fetch(`${url}/v2/health/ready`, probe)).ok;
  await supervisor.waitReady(service, ready, readyTimeoutMs);
  return url;
}
