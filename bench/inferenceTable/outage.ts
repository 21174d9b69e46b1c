import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lakeVariables, serviceVariables } from "@mlplatform/contracts/environment";
import { parquetMetadata } from "hyparquet";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import type { TestStore } from "../../workloads/lake/testbed/objectStores";
import { startRelay } from "../../workloads/lake/testbed/relay";
import type { Measured } from "../bench";
import type { BenchBed } from "./benchBed";
import { load } from "./load";
import { startServer, tableEnvironment } from "./servers";

const eventsPerSecond = 2000;
const baselineSeconds = 20;
const footerBytes = 256 << 10;
const goalMib = 300;

/**
 * An outage of the store under load, and the drain after it.
 *
 * @param seconds of 2000 events each
 * @param events as many as fast as they are taken, in place of that; the drain is against the time
 *   that they would have taken at 2000 a second
 */
export async function measureOutage(
  { store, folder }: BenchBed,
  seconds: number,
  events: number,
): Promise<Measured> {
  const relay = await startRelay(store.options.endpoint!);
  const env = {
    ...tableEnvironment(store, join(folder, "o")),
    [lakeVariables.endpoint]: relay.endpoint,
    [serviceVariables.logMib]: "16384",
  };
  const table = await startServer("workloads/inferenceTable/main.ts", env);
  const rate = events === 0 ? ["--rate", String(eventsPerSecond)] : [];
  const before = await load(table.url, "--seconds", String(baselineSeconds), ...rate);
  await relay.cut();
  let peakMiB = 0;
  const watch = setInterval(
    () => (peakMiB = Math.max(peakMiB, residentMiB(table.child.pid!))),
    100,
  );
  const volume =
    events === 0
      ? ["--seconds", String(seconds)]
      : ["--seconds", "3600", "--events", String(events)];
  const found = await load(table.url, ...volume, ...rate, "--prefix", "outage");
  const outageMiB = peakMiB;
  await relay.restore();
  const started = performance.now();
  const code = await table.end();
  const drain = (performance.now() - started) / 1000;
  clearInterval(watch);
  await relay.stop();
  const acknowledged = before.acknowledged + found.acknowledged;
  const stored = await countEvents(store);
  if (code !== 0 || stored < acknowledged) {
    throw new Error(
      `${stored} of ${acknowledged} events are in the lake, the drain ended with ${code}`,
    );
  }
  const realTime = found.acknowledged / eventsPerSecond / drain;
  const speed = Math.round(found.acknowledged / found.seconds);
  return [
    {
      name: `outage of ${found.seconds.toFixed(0)} s at ${speed}/s: refused or broken off`,
      unit: "events",
      figures: [found.refused + found.broken],
      goal: { atMost: 0 },
      remark: `${found.acknowledged} acknowledged, all in the lake`,
    },
    {
      name: "  acknowledgement, p99",
      unit: "ms",
      figures: [found.p99],
      ratios: [found.p99 / before.p99],
      ratioTo: "that before it",
      goal: { atMost: 1.5 },
    },
    { name: "  memory while the store is away", unit: "MiB", figures: [outageMiB] },
    {
      name: "  memory with the drain",
      unit: "MiB",
      figures: [peakMiB],
      goal: { atMost: goalMib },
    },
    {
      name: "  drain",
      unit: "s",
      figures: [drain],
      ratios: [realTime],
      ratioTo: `${rate}/s`,
      goal: { atLeast: 5 },
    },
  ];
}

/** Of a process; 0 where it has just ended. */
function residentMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    // it ended between two looks
    return 0;
  }
}

/** Rows of all parts of events, as their footers have them. */
async function countEvents(store: TestStore): Promise<number> {
  const objects = openObjectStore(store.options);
  let rows = 0;
  for await (const { key, bytes } of listObjects(objects, "inferences/events/")) {
    const end = await objects.get(key, {
      start: Math.max(0, bytes - footerBytes),
      end: bytes - 1,
    });
    rows += Number(parquetMetadata(new Uint8Array(end).buffer).num_rows);
  }
  objects.close();
  return rows;
}
