import { join } from "node:path";
import { openParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import { hourMs, putHour, randomRow } from "./hours";
import type { Measured } from "../bench";
import type { BenchBed } from "./benchBed";
import { runBundled } from "./servers";

const hours = Number(process.env["MLP_BENCH_HOURS"] ?? 24);
// Ten million events a day are this many predictions an hour.
const predictions = Math.ceil(10_000_000 / 24 / 2);
// About half a kilobyte.
const numbers = 55;

/**
 * Pairs a day of ten million events in a process of its own, hour after hour, and watches its
 * memory.
 */
export async function measurePairing({ store, folder }: BenchBed): Promise<Measured> {
  const objects = openObjectStore(store.options);
  const engine = await openParquetEngine({
    temporaryDirectory: join(folder, "spill-hours"),
    memoryMiB: 1024,
  });
  const now = Math.floor(Date.now() / hourMs) * hourMs;
  for (let hour = 0; hour < hours; hour++) {
    const start = now - (hours - hour + 1) * hourMs;
    await putHour(objects, engine, folder, {
      start,
      predictions: predictions,
      body: randomRow(numbers),
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
  if (rows !== hours * predictions) {
    throw new Error(`${rows} rows of ${hours * predictions}`);
  }
  const events = rows * 2;
  const name = `pairing ${events / 1e6} million events of ${hours} hours`;
  return [
    { name: `${name}: memory at most`, unit: "MiB", figures: [peakMiB], goal: { atMost: 1024 } },
    {
      name: "  time",
      unit: "s",
      figures: [seconds],
      remark: `${Math.round(events / seconds)} events/s`,
    },
  ];
}
