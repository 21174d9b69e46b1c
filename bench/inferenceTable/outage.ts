import { readFileSync } from "node:fs";
import { join } from "node:path";
import { lakeVariables, serviceVariables } from "@mlplatform/contracts/environment";
import { parquetMetadata } from "hyparquet";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import type { TestStore } from "../../workloads/lake/testbed/objectStores";
import { startRelay } from "../../workloads/lake/testbed/relay";
import { load, type Measured } from "./measure";
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
  store: TestStore,
  folder: string,
  seconds: number,
  events: number,
): Promise<Measured[]> {
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
      name: `outage of ${found.seconds.toFixed(0)} s at ${speed}/s`,
      value:
        `${found.acknowledged} acknowledged, ${found.refused + found.broken} refused, all in ` +
        "the lake",
      goal: "0 lost",
      isKept: found.refused + found.broken === 0,
    },
    {
      name: "  acknowledgements, against those before it",
      value:
        `p99 ${found.p99.toFixed(1)} ms, ${before.p99.toFixed(1)} ms: ` +
        `${(found.p99 / before.p99).toFixed(2)} ×`,
      goal: "≤ 1.5 ×",
      isKept: found.p99 <= 1.5 * before.p99,
    },
    {
      name: "  memory at most, and with the drain",
      value: `${outageMiB.toFixed(0)} MiB, ${peakMiB.toFixed(0)} MiB`,
      goal: `≤ ${goalMib} MiB`,
      isKept: peakMiB <= goalMib,
    },
    {
      name: `  drain, against ${eventsPerSecond}/s`,
      value: `${drain.toFixed(1)} s: ${realTime.toFixed(1)} × real time`,
      goal: "≥ 5 ×",
      isKept: realTime >= 5,
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
