import { dirname, join } from "node:path";
import { type LocalLake, lakeEnvironment } from "./objectStore";
import type { Ports } from "../processes/ports";
import type { LocalDatabase } from "./postgres";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import type { Supervisor } from "../processes/supervisor";

const readyTimeoutMs = 180_000;

/** Where a run's artifacts lie in the lake. */
export function artifactsRoot(lake: LocalLake): string {
  return `s3://${lake.bucket}/artifacts`;
}

/** Starts MLflow's server: records in PostgreSQL, artifacts in the lake through the server. */
export async function startMlflow(
  supervisor: Supervisor,
  ports: Ports,
  python: PythonEnvironment,
  lake: LocalLake,
  database: LocalDatabase,
): Promise<string> {
  const url = `http://127.0.0.1:${ports.mlflow}`;
  const { state } = supervisor;
  const exporter = join(state.clone, "local", "python", "exporter.txt");
  const packages = await python.packages(state.root, exporter);
  const service = supervisor.start({
    name: "mlflow",
    command: python.program("mlflow"),
    args: [
      ...["server", "--host", "127.0.0.1", "--port", String(ports.mlflow), "--workers", "1"],
      ...["--serve-artifacts", "--artifacts-destination", artifactsRoot(lake)],
      ...["--allowed-hosts", `127.0.0.1:${ports.mlflow},localhost:${ports.mlflow}`],
      ...["--expose-prometheus", join(state.run, "mlflow-metrics")],
    ],
    env: {
      ...lakeEnvironment(lake),
      PATH: `${dirname(python.python)}:${process.env.PATH ?? ""}`,
      PYTHONPATH: packages,
      MLFLOW_BACKEND_STORE_URI: database.uri,
      MLFLOW_S3_ENDPOINT_URL: lake.endpoint,
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
      MLFLOW_DISABLE_TELEMETRY: "true",
    },
    url,
  });
  const healthy = async () => (await fetch(`${url}/health`)).ok;
  await supervisor.waitReady(service, healthy, readyTimeoutMs);
  return url;
}
