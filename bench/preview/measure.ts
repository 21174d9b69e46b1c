import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { alignColumns } from "../../automation/preview/terminal";
import { memoryOf, processTree } from "./processTree";

/** Time and memory of one preview, from the start of `mlp` to its end. */
interface Measurement {
  wallMs: number;
  /** Most memory of all its processes at one time. */
  treeMiB: number;
  /** Most memory of one of its processes. */
  singleMiB: number;
}

const sampleMs = 50;
const goal = { wallMs: 4000, treeMiB: 700 };
const bin = resolve(__dirname, "../../cli/bin.js");

/** Runs one preview with policies; throws where it fails, for a failed run has no time. */
async function measure(stack: string): Promise<Measurement> {
  const started = performance.now();
  const child = spawn(process.execPath, [bin, "preview", "--stack", stack], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += String(data)));
  child.stderr.on("data", (data) => (output += String(data)));
  const peak = { treeMiB: 0, singleMiB: 0 };
  const sampler = setInterval(() => {
    const sizes = processTree(child.pid!).map(({ pid }) => memoryOf(pid));
    peak.treeMiB = Math.max(
      peak.treeMiB,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    peak.singleMiB = Math.max(peak.singleMiB, ...sizes);
  }, sampleMs);
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  const wallMs = performance.now() - started;
  clearInterval(sampler);
  if (code !== 0) throw new Error(`the preview of ${stack} exited with ${code}:\n${output}`);
  return { wallMs, ...peak };
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
  if (process.platform !== "linux") throw new Error("memory is read from /proc: run it on Linux.");
  // The first run compiles policies and fills caches; its time is another question.
  await measure(values.stack);
  const measurements: Measurement[] = [];
  for (let run = 0; run < runs; run += 1) measurements.push(await measure(values.stack));

  const wall = measurements.map(({ wallMs }) => wallMs);
  const tree = measurements.map(({ treeMiB }) => treeMiB);
  const single = measurements.map(({ singleMiB }) => singleMiB);
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
    `warm preview of ${values.stack} with policies, ${runs} runs, Node ${process.versions.node}, ${availableParallelism()} CPUs\n\n` +
      `${alignColumns(rows, new Set([1, 2, 3, 4])).join("\n")}\n\n` +
      "Memory is the proportional set size: a page that n processes share counts one n-th in each.\n",
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
