import { join } from "node:path";
import { openLake } from "@mlplatform/lake/ask/lake";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import type { Compacted } from "../../workloads/inferenceTable/maintain/compactor";
import type { TestStore } from "../../workloads/lake/testbed/objectStores";
import type { Measured } from "../bench";
import type { BenchBed } from "./benchBed";
import { load } from "./load";
import { runBundled, startServer, tableEnvironment } from "./servers";

const events = 600_000;
const eventsPerSecond = 5000;

/**
 * Merges the parts that a running service makes, one a second: how many are left, their size
 * against what they were made from, the same question over both, and the memory that it takes.
 */
export async function measureCompaction({ store, folder }: BenchBed): Promise<Measured> {
  const env = { ...tableEnvironment(store, join(folder, "c")), MLP_COMMIT_INTERVAL_MS: "1000" };
  const table = await startServer("workloads/inferenceTable/main.ts", env);
  await load(
    table.url,
    "--seconds",
    "3600",
    "--events",
    `${events}`,
    "--rate",
    `${eventsPerSecond}`,
  );
  if ((await table.end()) !== 0) {
    throw new Error("the drain failed");
  }
  const before = await parts(store, join(folder, "cache-before"));
  const run = await runBundled("bench/inferenceTable/compactionRun.ts", store.environment, folder);
  const { into, seconds, failures } = JSON.parse(run.output) as Compacted & { seconds: number };
  const after = await parts(store, join(folder, "cache-after"));
  if (failures.length > 0 || after.rows !== before.rows || after.count >= before.count) {
    throw new Error(`${after.rows} of ${before.rows} rows: ${failures.join("; ")}`);
  }
  return [
    {
      name: `merging ${before.count} parts of ${before.rows} events`,
      unit: "s",
      figures: [seconds],
      remark: `${after.count} parts are left, ${into} of them merged ones`,
    },
    { name: "  memory at most", unit: "MiB", figures: [run.peakMiB] },
    {
      name: "  size",
      unit: "MB",
      figures: [after.bytes / 1e6],
      ratios: [after.bytes / before.bytes],
      ratioTo: "the parts'",
      goal: { atMost: 1 },
    },
    {
      name: "  events by type, with nothing fetched before",
      unit: "s",
      figures: [after.seconds],
      ratios: [after.seconds / before.seconds],
      ratioTo: "that over the parts",
    },
  ];
}

/** Parts of events, and what a question over them takes. */
async function parts(
  store: TestStore,
  directory: string,
): Promise<{ count: number; bytes: number; rows: number; seconds: number }> {
  const objects = openObjectStore(store.options);
  const found = { count: 0, bytes: 0 };
  for await (const { bytes } of listObjects(objects, "inferences/events/")) {
    found.count += 1;
    found.bytes += bytes;
  }
  const lake = openLake({
    store: objects,
    cache: await openObjectCache({ store: objects, directory }),
  });
  const started = performance.now();
  const { rows } = await lake.query("SELECT type, count(*) AS n FROM inferences_events GROUP BY 1");
  const seconds = (performance.now() - started) / 1000;
  objects.close();
  return { ...found, rows: rows.reduce((sum, row) => sum + Number(row["n"]), 0), seconds };
}
