import { join } from "node:path";
import type { Measured } from "../bench";
import type { Measurement } from "../measurement";
import type { BenchBed } from "./benchBed";
import { load } from "./load";
import { startServer, tableEnvironment } from "./servers";

const loads = [
  { name: "at 5000/s", args: ["--rate", "5000"], goal: { atMost: 25 } },
  {
    name: "at 1000/s, a connection each",
    args: ["--rate", "1000", "--fresh"],
    goal: { atMost: 40 },
  },
];

/** From an event's sending to its acknowledgement, and from there until it is in the lake. */
export async function measureLatency(
  { store, folder }: BenchBed,
  seconds: number,
): Promise<Measured> {
  const table = await startServer(
    "workloads/inferenceTable/main.ts",
    tableEnvironment(store, join(folder, "l")),
  );
  const measured: Measurement[] = [];
  for (const { name, args, goal } of loads) {
    const found = await load(table.url, "--seconds", String(seconds), ...args);
    const rate = Math.round(found.acknowledged / found.seconds);
    measured.push(
      { name: `acknowledgement ${name}, p50`, unit: "ms", figures: [found.p50] },
      { name: "  p99", unit: "ms", figures: [found.p99], goal, remark: `reached ${rate}/s` },
    );
  }
  // Freshness: an event, until nothing of it waits to be put into the lake.
  const before = performance.now();
  await load(table.url, "--events", "2", "--connections", "1", "--prefix", "fresh");
  const waitingBytes = async () => {
    const text = await (await fetch(`${table.url}/metrics`)).text();
    return Number(/inference_table_log_bytes (\d+)/.exec(text)?.[1]);
  };
  while ((await waitingBytes()) > 0) {
    await new Promise((done) => setTimeout(done, 50));
  }
  measured.push({
    name: "acknowledged until in the lake",
    unit: "s",
    figures: [(performance.now() - before) / 1000],
    goal: { atMost: 30 },
  });
  await table.end();
  return measured;
}
