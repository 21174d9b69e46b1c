import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { provisioningVariables, trackingVariables } from "@mlplatform/contracts/environment";
import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import {
  authConfigVariable,
  trackingAdministrator,
  trackingAuthentication,
  trackingMigration,
  trackingServerArguments,
  trackingServerEnvironment,
  trackingServerSecrets,
} from "@mlplatform/contracts/trackingServer";
import { type LocalLake, lakeEnvironment } from "./objectStore";
import type { Ports } from "../processes/ports";
import type { LocalDatabase } from "./postgres";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import { writeJson } from "../processes/runState";
import type { Supervisor } from "../processes/supervisor";

const readyTimeoutMs = 180_000;
const migrationTimeoutMs = 120_000;
const provisionTimeoutMs = 60_000;

/** A run's MLflow, as the user of one project. */
export interface LocalTracking {
  url: string;
  /** The project: its workspace, and its user's name. */
  project: string;
  password: string;
}

/** Chooses where the run's MLflow will be, and the password of its project. */
export function localTracking(ports: Ports, project: string): LocalTracking {
  return { url: `http://127.0.0.1:${ports.mlflow}`, project, password: newPassword() };
}

/** The variables by which a project's programs find MLflow. Never put on a command line. */
export function trackingEnvironment(tracking: LocalTracking): Record<string, string> {
  return {
    [trackingVariables.uri]: tracking.url,
    [trackingVariables.workspace]: tracking.project,
    [trackingVariables.username]: tracking.project,
    [trackingVariables.password]: tracking.password,
    MLFLOW_DISABLE_TELEMETRY: "true",
  };
}

/** Where all artifacts lie in the lake. */
export function artifactsRoot(lake: LocalLake): string {
  return `s3://${lake.bucket}/${lakeFolders.artifacts.replace(/\/$/, "")}`;
}

/** File of a run with the name and password of MLflow's administrator. */
export function administratorFile(run: string): string {
  return join(run, "mlflow-administrator.json");
}

/** File of a run with the token that reads MLflow's metrics. */
export function metricsTokenFile(run: string): string {
  return join(run, "mlflow-metrics-token");
}

/** File of a run with the name and password of its project. */
export function projectUserFile(run: string): string {
  return join(run, "mlflow-credentials.json");
}

/**
 * Starts MLflow as the platform does: by the same gate, with the same arguments and authentication,
 * records and users in PostgreSQL, artifacts in the lake through the server. Then makes the
 * project's workspace and user by the platform's own script.
 */
export async function startMlflow(
  supervisor: Supervisor,
  ports: Ports,
  python: PythonEnvironment,
  lake: LocalLake,
  database: LocalDatabase,
  tracking: LocalTracking,
): Promise<void> {
  const { url } = tracking;
  const { state } = supervisor;
  const exporter = join(state.clone, "local", "python", "exporter.txt");
  const packages = await python.packages(state.root, exporter);
  const administratorPassword = newPassword();
  const authentication = join(state.run, "mlflow-auth.ini");
  writeFileSync(authentication, trackingAuthentication(database.usersUri, administratorPassword), {
    mode: 0o600,
  });
  writeJson(administratorFile(state.run), {
    username: trackingAdministrator,
    password: administratorPassword,
  });
  const metricsToken = newPassword();
  writeFileSync(metricsTokenFile(state.run), metricsToken, { mode: 0o600 });
  const env = {
    ...lakeEnvironment(lake),
    ...trackingServerEnvironment,
    PATH: [dirname(python.python), process.env.PATH].join(delimiter),
    PYTHONPATH: [join(state.clone, "workloads", "mlflow"), packages].join(delimiter),
    [trackingServerSecrets.trackingDatabase]: database.uri,
    [trackingServerSecrets.usersDatabase]: database.usersUri,
    [trackingServerSecrets.sessionKey]: newPassword(),
    [trackingServerSecrets.gatewayPassphrase]: newPassword(),
    [trackingServerSecrets.metricsToken]: metricsToken,
    [authConfigVariable]: authentication,
    MLFLOW_S3_ENDPOINT_URL: lake.endpoint,
    MLFLOW_DISABLE_TELEMETRY: "true",
  };
  await supervisor.runToEnd({
    name: "mlflow-migrate",
    command: python.python,
    args: ["-m", trackingMigration],
    env,
    timeoutMs: migrationTimeoutMs,
    remedy: "Read its log; a new run starts with empty databases.",
  });
  const service = supervisor.start({
    name: "mlflow",
    command: python.program("mlflow"),
    args: trackingServerArguments({
      host: "127.0.0.1",
      port: ports.mlflow,
      workers: 1,
      artifacts: artifactsRoot(lake),
      allowedHosts: [`127.0.0.1:${ports.mlflow}`, `localhost:${ports.mlflow}`],
      metricsFolder: join(state.run, "mlflow-metrics"),
    }),
    env,
    url,
  });
  const healthy = async () => (await fetch(`${url}/health`)).ok;
  await supervisor.waitReady(service, healthy, readyTimeoutMs);
  await supervisor.runToEnd({
    name: "mlflow-provision",
    command: python.python,
    args: [join(state.clone, "components", "mlProject", "provisionTracking.py")],
    env: {
      [trackingVariables.uri]: url,
      [provisioningVariables.project]: tracking.project,
      [provisioningVariables.adminUsername]: trackingAdministrator,
      [provisioningVariables.adminPassword]: administratorPassword,
      [provisioningVariables.projectPassword]: tracking.password,
    },
    timeoutMs: provisionTimeoutMs,
    remedy: "Read MLflow's log in .mlplatform/run/logs.",
  });
}

function newPassword(): string {
  return randomBytes(24).toString("base64url");
}
