/** Pairs everything that is due in the lake of the environment, and prints rows and seconds. */
import { join } from "node:path";
import { openParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { readLakeSettings } from "@mlplatform/lake/service/lakeSettings";
import { settingsReader } from "@mlplatform/lake/service/settings";
import { makeMutex } from "@mlplatform/lake/service/mutex";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import { engineMemoryMib, makePairer } from "../../workloads/inferenceTable/pair/pairer";

async function main(folder: string): Promise<void> {
  const store = openObjectStore(readLakeSettings(settingsReader(process.env)));
  const engine = await openParquetEngine({
    temporaryDirectory: join(folder, "spill-pair"),
    memoryMiB: engineMemoryMib,
  });
  const pairer = makePairer({
    store,
    cache: await openObjectCache({
      store,
      directory: join(folder, "pair-cache"),
      maxBytes: 2 ** 30,
    }),
    engine,
    workDirectory: folder,
    graceMs: 0,
    replica: { ordinal: 0, count: 1 },
    inTurn: makeMutex(),
    onPaired: () => undefined,
  });
  const started = performance.now();
  const rows = await pairer.pairDue(Date.now(), false);
  process.stdout.write(JSON.stringify({ rows, seconds: (performance.now() - started) / 1000 }));
  engine.close();
  store.close();
}

void main(process.argv[2]!);
