import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { logOffloaderVariables, trainingVariables } from "@mlplatform/contracts/environment";
import { type LocalLake, lakeEnvironment } from "./objectStore";
import type { Ports } from "../processes/ports";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import type { Service, Supervisor } from "../processes/supervisor";
import { type LocalTracking, trackingEnvironment } from "./tracking";

const readyTimeoutMs = 120_000;
const jobTimeoutMs = 600_000;
/** Slots, not cores: Ray Data and the trials each hold some, and the machine shares its cores. */
const logicalCpus = 4;
const objectStoreBytes = 256 * 1024 * 1024;

/** A running Ray head. */
export interface LocalRay {
  service: Service;
  dashboard: string;
  /** Directory with the sessions' logs. */
  directory: string;
  cluster: string;
  environment: Record<string, string>;
}

/** What the training job is told about its surroundings. */
export interface JobSurroundings {
  lake: LocalLake;
  tracking: LocalTracking;
  gitCommit: string;
  gitRepository: string;
}

/** Directory of Ray's files: short, because of the limit on the paths of Unix sockets. */
export function rayDirectory(supervisor: Supervisor): string {
  return join(supervisor.record.outside[0] as string, "ray");
}

/** The Ray cluster's name in the lake; a run's is its own, so that two runs never mix. */
export function rayCluster(supervisor: Supervisor): string {
  return `local-${supervisor.record.runId}`;
}

/** How a Ray head is started that only this machine and only holders of the token can use. */
export interface RayHead {
  args: string[];
  env: Record<string, string>;
  dashboard: string;
  /** What a client of the head needs in its environment. */
  token: Record<string, string>;
}

/**
 * The ports that Ray would take from fixed defaults are all given, so that two runs do not meet.
 */
export function rayHead(clone: string, directory: string, ports: Ports): RayHead {
  const token = { RAY_AUTH_MODE: "token", RAY_AUTH_TOKEN: randomBytes(32).toString("hex") };
  return {
    args: [
      join(clone, "local", "python", "ray_head.py"),
      ...["start", "--head", "--block", "--node-ip-address=127.0.0.1", `--port=${ports.rayGcs}`],
      ...["--dashboard-host=127.0.0.1", `--dashboard-port=${ports.rayDashboard}`],
      `--temp-dir=${directory}`,
      ...[`--dashboard-agent-listen-port=${ports.rayAgentHttp}`, "--min-worker-port=0"],
      ...["--max-worker-port=0", `--num-cpus=${logicalCpus}`],
      ...[`--object-store-memory=${objectStoreBytes}`, "--disable-usage-stats"],
    ],
    env: {
      ...token,
      AUTOSCALER_METRIC_PORT: String(ports.rayAutoscalerMetrics),
      DASHBOARD_METRIC_PORT: String(ports.rayDashboardMetrics),
      // Makes Ray keep a loopback address as it is. By default it takes 127.0.0.1 for the machine's
      // first public address on Linux (ray/_private/ray_constants.py, ENABLE_RAY_CLUSTER).
      RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
      OMP_NUM_THREADS: "1",
      PYTHONUNBUFFERED: "1",
    },
    dashboard: `http://127.0.0.1:${ports.rayDashboard}`,
    token,
  };
}

/** Whether the head can take jobs: before that it doesn't answer the job list. */
export async function takesJobs({ dashboard, token }: RayHead): Promise<boolean> {
  const headers = { authorization: `Bearer ${token["RAY_AUTH_TOKEN"]}` };
  return (await fetch(`${dashboard}/api/jobs/`, { headers })).ok;
}

/**
 * Starts the run's Ray head. Credentials reach the workers through the head's environment, never
 * through a job's description, which the dashboard shows.
 */
export async function startRay(
  supervisor: Supervisor,
  ports: Ports,
  python: PythonEnvironment,
  surroundings: JobSurroundings,
): Promise<LocalRay> {
  const directory = rayDirectory(supervisor);
  const cluster = rayCluster(supervisor);
  const head = rayHead(supervisor.state.clone, directory, ports);
  const service = supervisor.start({
    name: "ray",
    command: python.python,
    args: head.args,
    env: {
      ...head.env,
      ...lakeEnvironment(surroundings.lake),
      PATH: `${dirname(python.python)}:${process.env.PATH ?? ""}`,
      ...trackingEnvironment(surroundings.tracking),
      [logOffloaderVariables.cluster]: cluster,
      [trainingVariables.gitCommit]: surroundings.gitCommit,
      [trainingVariables.gitRepository]: surroundings.gitRepository,
      [trainingVariables.searchDirectory]: join(dirname(directory), "search"),
    },
    url: head.dashboard,
  });
  await supervisor.waitReady(service, () => takesJobs(head), readyTimeoutMs);
  return { service, dashboard: head.dashboard, directory, cluster, environment: head.token };
}

/** Submits the training job with `ray job submit` and waits for its end. */
export async function runTrainingJob(
  supervisor: Supervisor,
  python: PythonEnvironment,
  ray: LocalRay,
  submissionId: string,
  args: string[],
): Promise<string> {
  return supervisor.runToEnd({
    name: "train",
    command: python.program("ray"),
    args: [
      ...["job", "submit", `--address=${ray.dashboard}`, `--submission-id=${submissionId}`],
      ...["--working-dir", join(supervisor.state.clone, "workloads", "projectTemplate")],
      ...["--", "python", "-m", "training", ...args],
    ],
    env: { ...ray.environment, PATH: `${dirname(python.python)}:${process.env.PATH ?? ""}` },
    timeoutMs: jobTimeoutMs,
    remedy: "The reason is in the job's output; correct it and run again: a new run starts clean.",
  });
}
