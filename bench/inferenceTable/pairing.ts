import { join } from "node:path";
import { openParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import type { TestStore } from "../../workloads/lake/testbed/objectStores";
import { HOUR_MS, putHour, randomRow } from "./hours";
import type { Measured } from "./measure";
import { runBundled } from "./servers";

const HOURS = Number(process.env["MLP_BENCH_HOURS"] ?? 24);
// Ten million events a day are this many predictions an hour.
const PREDICTIONS = Math.ceil(10_000_000 / 24 / 2);
// About half a kilobyte.
const NUMBERS = 55;

/** Pairs a day of ten million events in a process of its own, hour after hour, and watches its memory. */
export async function measurePairing(
  store: TestStore,
  folder: string,
  goalMiB: number,
): Promise<Measured[]> {
  const objects = openObjectStore(store.options);
  const engine = await openParquetEngine({
    temporaryDirectory: join(folder, "spill-hours"),
    memoryMiB: 1024,
  });
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  for (let hour = 0; hour < HOURS; hour++) {
    const start = now - (HOURS - hour + 1) * HOUR_MS;
    await putHour(objects, engine, folder, {
      start,
      predictions: PREDICTIONS,
      body: randomRow(NUMBERS),
      writer: "paired",
    });
  }
  engine.close();
  objects.close();
  const { output, peakMiB } = await runBundled(
    "bench/inferenceTable/pairingRun.ts",
    store.environment,
    folder,
  );
  const { rows, seconds } = JSON.parse(output) as { rows: number; seconds: number };
  if (rows !== HOURS * PREDICTIONS) {
    throw new Error(`${rows} rows of ${HOURS * PREDICTIONS}`);
  }
  return [
    {
      name: `pairing ${(HOURS * PREDICTIONS * 2) / 1e6} million events of ${HOURS} hours`,
      value: `${peakMiB.toFixed(0)} MiB at most, ${seconds.toFixed(0)} s, ${Math.round((rows * 2) / seconds)} events/s`,
      goal: `≤ ${goalMiB} MiB`,
      isKept: peakMiB <= goalMiB,
    },
  ];
}
