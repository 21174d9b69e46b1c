import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logOffloaderVariables, serviceVariables } from "@mlplatform/contracts/environment";
import { startSeaweedfs, type TestStore } from "../../workloads/lake/testbed/objectStores";
import { type OffloaderProcess, startOffloader } from "./offloaderProcess";

/** What one measurement works in: a folder, Ray's logs in it, and a store of its own. */
export interface BenchBed {
  folder: string;
  logs: string;
  store: TestStore;
  /** Starts the offloader on these logs, with its defaults unless `env` says otherwise. */
  start(env?: NodeJS.ProcessEnv): Promise<OffloaderProcess>;
}

export const testOrigin = { namespace: "bench", cluster: "bench", node: "head" };

/** Makes a bed for one measurement, and removes it afterwards. */
export async function withBenchBed<T>(measure: (bed: BenchBed) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-bench-"));
  const store = await startSeaweedfs();
  const started: OffloaderProcess[] = [];
  try {
    const logs = join(folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
    mkdirSync(logs, { recursive: true });
    return await measure({
      folder,
      logs,
      store,
      async start(env = {}) {
        const offloader = await startOffloader({
          ...store.environment,
          [logOffloaderVariables.namespace]: testOrigin.namespace,
          [logOffloaderVariables.cluster]: testOrigin.cluster,
          [logOffloaderVariables.node]: testOrigin.node,
          [logOffloaderVariables.rayDirectory]: join(folder, "ray"),
          [serviceVariables.stateDirectory]: join(folder, "state"),
          ...env,
        });
        started.push(offloader);
        return offloader;
      },
    });
  } finally {
    await Promise.all(started.map((offloader) => offloader.end("SIGKILL")));
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
