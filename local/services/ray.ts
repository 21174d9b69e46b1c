import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { logOffloaderVariables, trainingVariables } from "@mlplatform/contracts/environment";
import { UserError } from "../../screen/userError";
import { type LocalLake, lakeEnvironment } from "./objectStore";
import type { Ports } from "../processes/ports";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import { type Service, type Supervisor, lastLines } from "../processes/supervisor";
import { type LocalTracking, trackingEnvironment } from "./tracking";

/** A head that dies is seen at once; a busy machine takes minutes. */
const readyTimeoutMs = 300_000;
const submitTimeoutMs = 120_000;
const jobTimeoutMs = 600_000;
const jobPollMs = 500;
/** Of one request to the head. */
const answerTimeoutMs = 10_000;
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
      // Its dashboard gives up after 30 s by default, and the head goes on without taking jobs.
      RAY_DASHBOARD_SUBPROCESS_MODULE_WAIT_READY_TIMEOUT: String(readyTimeoutMs / 1000),
      // No replica of Serve has to move elsewhere first.
      RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S: "0",
      OMP_NUM_THREADS: "1",
      PYTHONUNBUFFERED: "1",
    },
    dashboard: `http://127.0.0.1:${ports.rayDashboard}`,
    token,
  };
}

/** Whether the head can take jobs: before that it doesn't answer the job list. */
export async function takesJobs({ dashboard, token }: RayHead): Promise<boolean> {
  return (await fetch(`${dashboard}/api/jobs/`, { headers: signedIn(token) })).ok;
}

/** The header by which a head knows its client. */
function signedIn(token: Record<string, string>): Record<string, string> {
  return { authorization: `Bearer ${token["RAY_AUTH_TOKEN"]}` };
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

/**
 * Submits the training job with `ray job submit` and waits for its end, as the head tells it.
 * Following the job's output instead waits for ever where the agent that streams it hangs.
 */
export async function runTrainingJob(
  supervisor: Supervisor,
  python: PythonEnvironment,
  ray: LocalRay,
  submissionId: string,
  args: string[],
): Promise<void> {
  await supervisor.runToEnd({
    name: "train",
    command: python.program("ray"),
    args: [
      ...["job", "submit", `--address=${ray.dashboard}`, `--submission-id=${submissionId}`],
      ...["--no-wait", "--working-dir", join(supervisor.state.clone, "workloads/projectTemplate")],
      ...["--", "python", "-m", "training", ...args],
    ],
    env: { ...ray.environment, PATH: `${dirname(python.python)}:${process.env.PATH ?? ""}` },
    timeoutMs: submitTimeoutMs,
    remedy: "The reason is in the log; a busy machine may need a second try.",
  });
  const log = supervisor.logFile("train");
  const { status, message } = await jobEnd(ray, submissionId);
  appendFileSync(log, await jobOutput(ray, submissionId));
  if (status !== "SUCCEEDED") {
    throw new UserError({
      what: `the training job is ${status}: ${message}${lastLines(log)}`,
      remedy:
        "The reason is in the job's output; correct it and run again: a new run starts clean.",
      log,
    });
  }
}

/** What the head answers of a job (ray.dashboard.modules.job.pydantic_models.JobDetails). */
interface JobState {
  status: "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";
  message: string;
}

/** The job's last state; its state at the deadline if it doesn't end. */
async function jobEnd(ray: LocalRay, submissionId: string): Promise<JobState> {
  const deadline = Date.now() + jobTimeoutMs;
  for (;;) {
    const state = await askHead<JobState>(ray, `/api/jobs/${submissionId}`, deadline);
    if ((state.status !== "PENDING" && state.status !== "RUNNING") || Date.now() > deadline) {
      return state;
    }
    await sleep(jobPollMs);
  }
}

async function jobOutput(ray: LocalRay, submissionId: string): Promise<string> {
  const deadline = Date.now() + readyTimeoutMs;
  const path = `/api/jobs/${submissionId}/logs`;
  return (await askHead<{ logs: string }>(ray, path, deadline)).logs;
}

/** Asks again until the deadline, for a busy head answers late, or until the head has ended. */
async function askHead<T>(ray: LocalRay, path: string, deadline: number): Promise<T> {
  const headers = signedIn(ray.environment);
  for (;;) {
    try {
      const signal = AbortSignal.timeout(answerTimeoutMs);
      const answer = await fetch(`${ray.dashboard}${path}`, { headers, signal });
      if (answer.ok) {
        return (await answer.json()) as T;
      }
      throw new Error(`${answer.status} ${await answer.text()}`);
    } catch (error) {
      const { exitCode, signalCode } = ray.service.child;
      if (Date.now() > deadline || exitCode !== null || signalCode !== null) {
        throw new UserError({
          what: `the Ray head doesn't say how the training job went: ${String(error)}`,
          remedy: "Read its log; a busy machine may need a second try.",
          log: ray.service.record.log,
        });
      }
      await sleep(jobPollMs);
    }
  }
}
