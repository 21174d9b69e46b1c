import { join } from "node:path";
import { type LocalLake, lakeEnvironment } from "../services/objectStore";
import type { PythonEnvironment } from "../programs/pythonEnvironment";
import type { Supervisor } from "../processes/supervisor";

const publishTimeoutMs = 120_000;

/** A published dataset, as training/data.py prints it. */
export interface DatasetManifest {
  name: string;
  version: string;
  location: string;
  digest: string;
  rows: number;
  features: string[];
  target: string;
}

/** Publishes the example dataset as a version in the lake, by the project's own module. */
export async function publishDataset(
  supervisor: Supervisor,
  python: PythonEnvironment,
  lake: LocalLake,
  dataset: { name: string; version: string },
): Promise<DatasetManifest> {
  const printed = await supervisor.runToEnd({
    name: "publish",
    command: python.python,
    args: [
      ...["-m", "training.data", "--dataset", dataset.name],
      ...["--dataset_version", dataset.version],
    ],
    cwd: join(supervisor.state.clone, "workloads", "projectTemplate"),
    env: lakeEnvironment(lake),
    timeoutMs: publishTimeoutMs,
    remedy: "The reason is above; a changed dataset needs a new version.",
  });
  return JSON.parse(printed) as DatasetManifest;
}
