import { type ChildProcess, spawn } from "node:child_process";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";
import type { TestStore } from "../../workloads/lake/objectStores.fixture";

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

/** Bundles as the Dockerfile does: what loads TypeScript as it runs costs time and a hundred mebibytes. */
function bundle(): Promise<unknown> {
  return build({
    entryPoints: [
      "workloads/inferenceTable/main.ts",
      "workloads/inferenceTable/lakeWorker.ts",
      "bench/inferenceTable/noopSink.ts",
    ].map((file) => ({ in: join(root, file), out: basename(file, ".ts") })),
    outdir: bundles,
    bundle: true,
    platform: "node",
    target: "node24",
    external: ["@duckdb/node-api"],
    logLevel: "error",
  });
}

/** Starts a file of the clone, as its image would run it, and waits until it listens. */
export async function startServer(file: string, env: NodeJS.ProcessEnv): Promise<Server> {
  await (bundled ??= bundle());
  const child = spawn(process.execPath, [join(bundles, `${basename(file, ".ts")}.js`)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((done) => child.once("close", done));
  for (;;) {
    const url = /listening on (http:[^"\s]+)/.exec(text)?.[1];
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
    if (child.exitCode !== null) throw new Error(`${file} ended:\n${text}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Environment of an inference table that only ingests. */
export const tableEnvironment = (store: TestStore, state: string): NodeJS.ProcessEnv => ({
  ...store.environment,
  MLP_STATE_DIR: state,
  MLP_PORT: "0",
  MLP_PAIRING: "off",
});
