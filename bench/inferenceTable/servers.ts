import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { serviceVariables } from "@mlplatform/contracts/environment";
import { build } from "esbuild";
import { readImageRuntime } from "../imageRuntime";
import type { TestStore } from "../../workloads/lake/testbed/objectStores";

const root = resolve(__dirname, "../..");

/** A server as a process of its own. */
export interface Server {
  child: ChildProcess;
  url: string;
  /** Ends it with SIGTERM and resolves with its exit code. */
  end(): Promise<number | null>;
}

const bundles = resolve(root, ".cache/bench/inferenceTable");
let bundled: Promise<unknown> | undefined;

/**
 * Bundles as the Dockerfile does: what loads TypeScript as it runs costs time and a hundred
 * mebibytes.
 */
function bundle(): Promise<unknown> {
  return build({
    entryPoints: [
      "workloads/inferenceTable/main.ts",
      "workloads/inferenceTable/commit/lakeWorker.ts",
      "bench/inferenceTable/noopSink.ts",
      "bench/inferenceTable/pairingRun.ts",
      "bench/inferenceTable/compactionRun.ts",
    ].map((file) => ({ in: join(root, file), out: basename(file, ".ts") })),
    outdir: bundles,
    bundle: true,
    platform: "node",
    target: "node24",
    external: ["@duckdb/node-api"],
    logLevel: "error",
  });
}

/** Runs a file of the clone as the service's image would, to its end. */
export async function runBundled(
  file: string,
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<{ output: string; peakMiB: number }> {
  const child = await startBundled(file, env, ...args);
  child.stderr.pipe(process.stderr);
  let peakMiB = 0;
  const watch = setInterval(() => {
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    peakMiB = Math.max(peakMiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }, 100);
  const ended = new Promise<number | null>((done) => child.once("close", done));
  const output = await text(child.stdout);
  clearInterval(watch);
  const code = await ended;
  if (code !== 0) {
    throw new Error(`${file} ended with ${code}`);
  }
  return { output, peakMiB };
}

async function startBundled(
  file: string,
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  await (bundled ??= bundle());
  const runtime = readImageRuntime(join(root, "workloads/inferenceTable/Dockerfile"));
  const bundleFile = join(bundles, `${basename(file, ".ts")}.js`);
  return spawn(process.execPath, [...runtime.flags, bundleFile, ...args], {
    cwd: root,
    env: { ...process.env, ...runtime.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Starts a server so, and waits until it listens. */
export async function startServer(file: string, env: NodeJS.ProcessEnv): Promise<Server> {
  const child = await startBundled(file, env);
  child.stdout.resume();
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((done) => child.once("close", done));
  for (;;) {
    const url = /listening on (http:[^"\s]+)/.exec(said)?.[1];
    if (url !== undefined) {
      return {
        child,
        url,
        end: () => {
          child.kill("SIGTERM");
          return ended;
        },
      };
    }
    if (child.exitCode !== null) {
      throw new Error(`${file} ended:\n${said}`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Environment of an inference table that only ingests. */
export const tableEnvironment = (store: TestStore, state: string): NodeJS.ProcessEnv => ({
  ...store.environment,
  [serviceVariables.stateDirectory]: state,
  [serviceVariables.port]: "0",
  MLP_PAIRING: "off",
});
