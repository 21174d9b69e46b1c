/**
 * Merges the events of the lake of the environment as if they were two days old; prints what it
 * did.
 */
import { join } from "node:path";
import { openParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { readLakeSettings } from "@mlplatform/lake/service/lakeSettings";
import { settingsReader } from "@mlplatform/lake/service/settings";
import { makeMutex } from "@mlplatform/lake/service/mutex";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import { makeCompactor } from "../../workloads/inferenceTable/maintain/compactor";
import { engineMemoryMib } from "../../workloads/inferenceTable/pair/pairer";

const daysMs = 48 * 3_600_000;

async function main(folder: string): Promise<void> {
  const store = openObjectStore(readLakeSettings(settingsReader(process.env)));
  const engine = await openParquetEngine({
    temporaryDirectory: join(folder, "spill-compact"),
    memoryMiB: engineMemoryMib,
  });
  const compactor = makeCompactor({
    store,
    engine,
    workDirectory: folder,
    targetBytes: 64 << 20,
    graceMs: 0,
    replica: { ordinal: 0, count: 1 },
    inTurn: makeMutex(),
    pairLate: () => Promise.resolve(0),
  });
  const started = performance.now();
  const compacted = await compactor.compactDue(Date.now() + daysMs);
  const seconds = (performance.now() - started) / 1000;
  // The grace is over.
  await compactor.compactDue(Date.now() + daysMs);
  process.stdout.write(JSON.stringify({ ...compacted, seconds }));
  engine.close();
  store.close();
}

void main(process.argv[2]!);
