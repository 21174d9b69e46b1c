import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Measured } from "../bench";
import type { BenchBed } from "./benchBed";
import { load } from "./load";
import { startServer, tableEnvironment } from "./servers";

const rounds = 3;
/** Events a second against those of a server that does nothing. */
const goal = { atLeast: 0.45 };

/** One round, in events a second and in microseconds of processor an event. */
interface Round {
  stored: number;
  acknowledged: number;
  cpu: number;
  bare: number;
  bareCpu: number;
}

/**
 * Events a second that are acknowledged and in the lake as Parquet, side by side with a server
 * that does nothing, so that what else the machine does slows both.
 */
export async function measureIngest(bed: BenchBed, seconds: number): Promise<Measured> {
  const found: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    found.push(await measureRound(bed, join(bed.folder, `i${round}`), seconds));
  }
  const each = (of: (round: Round) => number) => found.map(of);
  return [
    {
      name: "ingest, with Parquet and PUT",
      unit: "events/s",
      figures: each(({ stored }) => stored),
      ratios: each(({ stored, bare }) => stored / bare),
      ratioTo: "a server that does nothing",
      goal,
    },
    { name: "  acknowledged", unit: "events/s", figures: each((round) => round.acknowledged) },
    { name: "  processor an event", unit: "µs", figures: each(({ cpu }) => cpu) },
    { name: "  the server that does nothing", unit: "events/s", figures: each(({ bare }) => bare) },
    { name: "  its processor an event", unit: "µs", figures: each(({ bareCpu }) => bareCpu) },
  ];
}

async function measureRound({ store }: BenchBed, state: string, seconds: number): Promise<Round> {
  const noop = await startServer("bench/inferenceTable/noopSink.ts", {});
  const bare = await load(noop.url, "--seconds", String(seconds));
  const bareCpu = (cpuMs(noop.child) * 1000) / bare.acknowledged;
  noop.child.kill();
  const table = await startServer(
    "workloads/inferenceTable/main.ts",
    tableEnvironment(store, state),
  );
  const cpuBefore = cpuMs(table.child);
  const found = await load(table.url, "--seconds", String(seconds));
  const cpu = ((cpuMs(table.child) - cpuBefore) * 1000) / found.acknowledged;
  const drainStarted = performance.now();
  if ((await table.end()) !== 0) {
    throw new Error("the drain failed");
  }
  const drainSeconds = (performance.now() - drainStarted) / 1000;
  return {
    // What is in the lake, over all the time until it is.
    stored: found.acknowledged / (found.seconds + drainSeconds),
    acknowledged: found.acknowledged / found.seconds,
    cpu,
    bare: bare.acknowledged / bare.seconds,
    bareCpu,
  };
}

/** Milliseconds of processor that a process has used. */
function cpuMs(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
