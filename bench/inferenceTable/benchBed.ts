import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSeaweedfs, type TestStore } from "../../workloads/lake/testbed/objectStores";

/** What one measurement works in: a folder, and a store of its own. */
export interface BenchBed {
  folder: string;
  store: TestStore;
}

/** Makes a bed for one measurement, and removes it afterwards. */
export async function withBenchBed<T>(measure: (bed: BenchBed) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-bench-"));
  const store = await startSeaweedfs();
  try {
    return await measure({ folder, store });
  } finally {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
