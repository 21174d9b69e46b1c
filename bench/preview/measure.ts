import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { alignColumns } from "../../screen/terminal";
import { memoryOf, processTree } from "./processTree";

/** Memory of one preview, from the start of `mlp` to its end. */
interface MemoryPeak {
  /** Most memory of all its processes at one time. */
  treeMiB: number;
  /** Most memory of one of its processes. */
  singleMiB: number;
}

const sampleMs = 50;
const goal = { wallMs: 4000, treeMiB: 700 };
const bin = resolve(__dirname, "../../cli/bin.js");

/**
 * Runs one preview with policies and returns its time in ms; throws where it fails, for a failed
 * run has no time. `watch` sees the process while it runs.
 */
async function run(stack: string, watch?: (pid: number) => void): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [bin, "preview", "--stack", stack], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += String(data)));
  child.stderr.on("data", (data) => (output += String(data)));
  const watcher = watch && setInterval(() => watch(child.pid!), sampleMs);
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  clearInterval(watcher);
  if (code !== 0) {
    throw new Error(`the preview of ${stack} exited with ${code}:\n${output}`);
  }
  return performance.now() - started;
}

/** The memory of one preview. A run of its own: reading it slows the processes that it reads. */
async function measureMemory(stack: string): Promise<MemoryPeak> {
  const peak = { treeMiB: 0, singleMiB: 0 };
  await run(stack, (pid) => {
    const sizes = processTree(pid).map((entry) => memoryOf(entry.pid));
    const sum = sizes.reduce((total, size) => total + size, 0);
    peak.treeMiB = Math.max(peak.treeMiB, sum);
    peak.singleMiB = Math.max(peak.singleMiB, ...sizes);
  });
  return peak;
}

function median(values: number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "prod" },
      runs: { type: "string", default: "7" },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`--runs "${values.runs}" is no number of runs: give a whole number from 1.`);
  }
  if (process.platform !== "linux") {
    throw new Error("memory is read from /proc: run it on Linux.");
  }
  // The first run compiles policies and fills caches; its time is another question.
  await run(values.stack);
  const wall: number[] = [];
  const peaks: MemoryPeak[] = [];
  for (let count = 0; count < runs; count += 1) {
    wall.push(await run(values.stack));
    peaks.push(await measureMemory(values.stack));
  }
  const tree = peaks.map(({ treeMiB }) => treeMiB);
  const single = peaks.map(({ singleMiB }) => singleMiB);
  const rows = [
    ["", "median", "least", "most", "goal"],
    [
      "wall time, s",
      ...spread(
        wall.map((ms) => ms / 1000),
        2,
      ),
      String(goal.wallMs / 1000),
    ],
    ["peak memory, MiB, all processes", ...spread(tree, 0), String(goal.treeMiB)],
    ["peak memory, MiB, largest process", ...spread(single, 0), ""],
  ];
  process.stdout.write(
    `warm preview of ${values.stack} with policies, ${runs} runs, Node ` +
      `${process.versions.node}, ${availableParallelism()} CPUs\n\n` +
      `${alignColumns(rows, new Set([1, 2, 3, 4])).join("\n")}\n\n` +
      "Memory is the proportional set size: a page that n processes share counts one n-th in " +
      "each.\n",
  );
}

function spread(values: number[], digits: number): string[] {
  return [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
