import { type ChildProcess, execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { alignColumns } from "../../screen/terminal";
import { startSeaweedfs, type TestStore } from "../../workloads/lake/testbed/objectStores";
import { measureCompaction } from "./compaction";
import type { LoadResult } from "./loadGenerator";
import { measureOutage } from "./outage";
import { measurePairing } from "./pairing";
import { measureQueries } from "./queries";
import { startServer, tableEnvironment } from "./servers";
import { measureStall } from "./stall";

/**
 * Speed, freshness, size and memory of the inference table. Ratios are taken side by side in one
 * run, on whatever else the machine does; they are asserted with --assert, absolute times are only
 * reported.
 */
const goals = {
  /**
   * Events a second that are acknowledged and in the lake as Parquet, against a server that does
   * nothing.
   */
  ingest: 0.45,
  /** Bytes of the paired objects against the JSON of the payloads. */
  size: 0.4,
  /** Seconds of a query against chDB's on the same files. */
  query: 1.5,
  /** MiB that pairing a day of 10 million events takes at most. */
  pairingMiB: 1024,
};

/** A line of the result. */
export interface Measured {
  name: string;
  value: string;
  goal?: string;
  isKept?: boolean;
}

const root = resolve(__dirname, "../..");
const run = promisify(execFile);

/** Runs the generator of load against a server. */
export async function load(url: string, ...args: string[]): Promise<LoadResult> {
  const generator = join(root, "bench/inferenceTable/loadGenerator.ts");
  const command = ["--import", "tsx", generator, "--url", url, ...args];
  const { stdout } = await run(process.execPath, command, { cwd: root });
  return JSON.parse(stdout) as LoadResult;
}

/** Milliseconds of processor that a process has used. */
function cpuMs(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function measureIngest(
  store: TestStore,
  folder: string,
  seconds: number,
): Promise<Measured[]> {
  const ratios: number[] = [];
  const lines: string[] = [];
  for (let round = 0; round < 3; round++) {
    const noop = await startServer("bench/inferenceTable/noopSink.ts", {});
    const bare = await load(noop.url, "--seconds", String(seconds));
    const bareCpu = (cpuMs(noop.child) * 1000) / bare.acknowledged;
    noop.child.kill();
    const table = await startServer(
      "workloads/inferenceTable/main.ts",
      tableEnvironment(store, join(folder, `i${round}`)),
    );
    const cpuBefore = cpuMs(table.child);
    const found = await load(table.url, "--seconds", String(seconds));
    const cpu = ((cpuMs(table.child) - cpuBefore) * 1000) / found.acknowledged;
    const drainStarted = performance.now();
    if ((await table.end()) !== 0) {
      throw new Error("the drain failed");
    }
    // What is in the lake, over all the time until it is.
    const rate = found.acknowledged / (found.seconds + (performance.now() - drainStarted) / 1000);
    ratios.push(rate / (bare.acknowledged / bare.seconds));
    lines.push(
      `${Math.round(rate)}/s of ${Math.round(bare.acknowledged / bare.seconds)}/s` +
        ` (acknowledged ${Math.round(found.acknowledged / found.seconds)}/s; processor ` +
        `${cpu.toFixed(0)} of ${bareCpu.toFixed(0)} µs an event)`,
    );
  }
  const median = [...ratios].sort((a, b) => a - b)[1]!;
  return [
    ...lines.map((value, index) => ({
      name: `ingest incl. Parquet and PUT, round ${index + 1}`,
      value,
    })),
    {
      name: "  median ratio to a no-op server",
      value: median.toFixed(2),
      goal: `≥ ${goals.ingest}`,
      isKept: median >= goals.ingest,
    },
  ];
}

async function measureLatency(
  store: TestStore,
  folder: string,
  seconds: number,
): Promise<Measured[]> {
  const table = await startServer(
    "workloads/inferenceTable/main.ts",
    tableEnvironment(store, join(folder, "l")),
  );
  const lines: Measured[] = [];
  for (const [name, ...args] of [
    ["at 5000/s", "--rate", "5000"],
    ["at 1000/s, a connection each", "--rate", "1000", "--fresh"],
  ]) {
    const found = await load(table.url, "--seconds", String(seconds), ...args);
    const rate = Math.round(found.acknowledged / found.seconds);
    lines.push({
      name: `acknowledgement ${name}`,
      value: `p50 ${found.p50.toFixed(1)} ms, p99 ${found.p99.toFixed(1)} ms (reached ${rate}/s)`,
    });
  }
  // Freshness: an event, until a listing of the lake has it.
  const before = performance.now();
  await load(table.url, "--events", "2", "--connections", "1", "--prefix", "fresh");
  const metric = async () => {
    const text = await (await fetch(`${table.url}/metrics`)).text();
    return Number(/inference_table_log_bytes (\d+)/.exec(text)?.[1]);
  };
  while ((await metric()) > 0) {
    await new Promise((done) => setTimeout(done, 50));
  }
  lines.push({
    name: "acknowledged until in the lake",
    value: `${((performance.now() - before) / 1000).toFixed(1)} s`,
    goal: "≤ 30 s",
  });
  await table.end();
  return lines;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: "string", default: "10" },
      outage: { type: "string", default: "60" },
      /** As many events as fast as they are taken, instead of 2000 a second for so many seconds. */
      events: { type: "string", default: "0" },
      assert: { type: "boolean", default: false },
    },
  });
  const seconds = Number(values.seconds);
  const outage = Number(values.outage);
  const wanted = (name: string) => positionals.length === 0 || positionals.includes(name);
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-bench-"));
  const store = await startSeaweedfs();
  const lines: Measured[] = [];
  try {
    if (wanted("ingest")) {
      lines.push(...(await measureIngest(store, folder, seconds)));
    }
    if (wanted("latency")) {
      lines.push(...(await measureLatency(store, folder, seconds)));
    }
    if (wanted("outage")) {
      lines.push(...(await measureOutage(store, folder, outage, Number(values.events))));
    }
    if (wanted("stall")) {
      lines.push(...(await measureStall(store, folder)));
    }
    if (wanted("pairing")) {
      lines.push(...(await measurePairing(store, folder, goals.pairingMiB)));
    }
    if (wanted("compaction")) {
      lines.push(...(await measureCompaction(store, folder)));
    }
    if (wanted("queries")) {
      lines.push(...(await measureQueries(store, folder, goals)));
    }
  } finally {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const table = lines.map(({ name, value, goal = "", isKept }) => [
    name,
    value,
    goal,
    isKept === undefined ? "" : isKept ? "kept" : "missed",
  ]);
  console.log(alignColumns([["", "measured", "goal", ""], ...table], new Set()).join("\n"));
  if (values.assert && lines.some(({ isKept }) => isKept === false)) {
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
