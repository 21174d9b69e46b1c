import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { Bench } from "../bench";
import { UserError } from "../../screen/userError";
import { memoryOf, processTree } from "./processTree";

/** Memory of one preview, from the start of `mlp` to its end. */
interface MemoryPeak {
  /** Most memory of all its processes at one time. */
  treeMiB: number;
  /** Most memory of one of its processes. */
  singleMiB: number;
}

const sampleMs = 50;
const goals = { seconds: { atMost: 4 }, treeMiB: { atMost: 700 } };
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
  if (process.platform !== "linux") {
    throw new UserError({ what: "memory is read from /proc", remedy: "Run it on Linux." });
  }
  const peak = { treeMiB: 0, singleMiB: 0 };
  await run(stack, (pid) => {
    const sizes = processTree(pid).map((entry) => memoryOf(entry.pid));
    const sum = sizes.reduce((total, size) => total + size, 0);
    peak.treeMiB = Math.max(peak.treeMiB, sum);
    peak.singleMiB = Math.max(peak.singleMiB, ...sizes);
  });
  return peak;
}

/** A warm preview with policies, as a user starts it. */
export const previewBench: Bench<{ stack: string; runs: number }> = {
  options: {
    stack: { about: "stack to preview", default: "prod" },
    runs: { about: "how often it is measured", default: 7 },
  },
  parts: {
    time: {
      about: "wall time of the whole process",
      measure: async ({ stack, runs }) => {
        // The first run compiles policies and fills caches; its time is another question.
        await run(stack);
        const figures: number[] = [];
        for (let count = 0; count < runs; count += 1) {
          figures.push((await run(stack)) / 1000);
        }
        const name = `warm preview of ${stack} with policies`;
        return [{ name, unit: "s", figures, goal: goals.seconds }];
      },
    },
    memory: {
      about: "proportional memory: a page that n processes share counts one n-th in each",
      measure: async ({ stack, runs }) => {
        const peaks: MemoryPeak[] = [];
        for (let count = 0; count < runs; count += 1) {
          peaks.push(await measureMemory(stack));
        }
        return [
          {
            name: "memory at most, all processes at one time",
            unit: "MiB",
            figures: peaks.map(({ treeMiB }) => treeMiB),
            goal: goals.treeMiB,
          },
          {
            name: "  its largest process",
            unit: "MiB",
            figures: peaks.map(({ singleMiB }) => singleMiB),
          },
        ];
      },
    },
  },
};
