import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { metricsTokenFile } from "../../local/services/tracking";
import { type RunRecord, StateDirectory } from "../../local/processes/runState";
import { clone } from "./monitoringTools";
import type { Prometheus, ScrapeTarget } from "./prometheus";

const pollMs = 250;
const main = ["--import", "tsx", join(clone, "local", "main.ts")];

/** Labels that the monitors in a cluster add, by the run's service. */
const monitored: Record<string, Omit<ScrapeTarget, "address">> = {
  "inference-table": {
    job: "inference-table",
    labels: { namespace: "observability", pod: "inference-table-0" },
  },
  "log-offloader": { job: "log-offloader", labels: { namespace: "local", pod: "head" } },
  "kserve-agent": { job: "predictors", labels: { namespace: "local" } },
  "model-server": { job: "predictors", labels: { namespace: "local" } },
  s3: {
    job: "observability/data-lake",
    path: "/minio/v2/metrics/cluster",
    labels: { namespace: "data-lake", pod: "minio-0" },
  },
  mlflow: { job: "mlflow", labels: { namespace: "mlflow", pod: "mlflow-0" } },
};

/**
 * Runs a model's whole life as `npm run local -- --keep --s3 minio` does, scraped from the first
 * second on, and ends it after `use`.
 *
 * @param use gets the addresses of the run's services by name; Ray and the log offloader have ended
 */
export async function withMonitoredRun<T>(
  prometheus: Prometheus,
  use: (addresses: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  const state = new StateDirectory(clone);
  const child = spawn(
    process.execPath,
    [...main, "--keep", "--s3", "minio", "--predictions", "200", "--trials", "1"],
    { cwd: clone, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  let isRunning = true;
  const ended = new Promise<void>((done) =>
    child.once("close", () => {
      isRunning = false;
      done();
    }),
  );
  try {
    const seen = new Set<string>();
    let record: RunRecord | undefined;
    while (isRunning) {
      await Promise.race([ended, sleep(pollMs)]);
      const current = state.record();
      if (current === undefined || current.owner.pid !== child.pid) {
        continue;
      }
      record = current;
      for (const target of targetsOf(record, state)) {
        if (!seen.has(target.address)) {
          prometheus.scrape(target);
        }
        seen.add(target.address);
      }
    }
    if (child.exitCode !== 0 || record === undefined) {
      throw new Error(`the local run ended with ${child.exitCode}:\n${output}`);
    }
    return await use(addressesOf(record));
  } finally {
    child.kill("SIGTERM");
    await ended;
    await runToEnd("clean");
  }
}

function addressesOf(record: RunRecord): Map<string, string> {
  return new Map(record.services.flatMap(({ name, url }) => (url ? [[name, url]] : [])));
}

function targetsOf(record: RunRecord, state: StateDirectory): ScrapeTarget[] {
  const addresses = addressesOf(record);
  const own = Object.entries(monitored).flatMap(([name, target]) => {
    const url = addresses.get(name);
    if (url === undefined) {
      return [];
    }
    const token = name === "mlflow" ? metricsToken(state) : undefined;
    return [{ ...target, address: new URL(url).host, token }];
  });
  return [...own, ...rayTargets(record)];
}

/** As in a cluster, where the monitor has it from a Secret. */
function metricsToken(state: StateDirectory): string {
  return readFileSync(metricsTokenFile(state.run), "utf8");
}

/** Ray writes where its metrics are; its agent takes any free port. */
function rayTargets(record: RunRecord): ScrapeTarget[] {
  const file = join(record.outside[0] ?? "", "ray", "prom_metrics_service_discovery.json");
  if (!existsSync(file)) {
    return [];
  }
  const groups = JSON.parse(readFileSync(file, "utf8")) as { targets: string[] }[];
  const labels = { ray_io_cluster: `local-${record.runId}`, ray_io_node_type: "head" };
  return groups.flatMap(({ targets }) =>
    targets.map((address) => ({ job: "ray", address, labels })),
  );
}

async function runToEnd(command: string): Promise<void> {
  const child = spawn(process.execPath, [...main, command], { cwd: clone, stdio: "ignore" });
  const code = await new Promise<number | null>((done) => child.once("close", done));
  if (code !== 0) {
    throw new Error(`\`npm run local -- ${command}\` ended with ${code}`);
  }
}
