import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serviceVariables } from "@mlplatform/contracts/environment";
import { build } from "esbuild";
import { readImageRuntime } from "../imageRuntime";

/** What a process has used so far. */
export interface ProcessUse {
  /** Highest resident set, in MiB. */
  peakMiB: number;
  cpuSeconds: number;
}

/**
 * An offloader as its image runs it: one bundle, Node's flags and the allocator's settings as in
 * the Dockerfile.
 */
export interface OffloaderProcess {
  child: ChildProcess;
  metric(name: string): Promise<number>;
  waitFor(name: string, isReached: (value: number) => boolean, timeoutMs: number): Promise<void>;
  use(): ProcessUse;
  end(signal: NodeJS.Signals): Promise<number | null>;
  output(): string;
}

const root = resolve(__dirname, "../..");
const dockerfile = resolve(root, "workloads/logOffloader/Dockerfile");
const bundle = resolve(root, ".cache/bench/logOffloader.js");
const clockTicks = 100;
const lookMs = 50;

/** Bundles the service as its Dockerfile does. */
export async function bundleOffloader(): Promise<void> {
  await build({
    entryPoints: [resolve(root, "workloads/logOffloader/main.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    target: "node24",
    external: ["@duckdb/node-api"],
    logLevel: "error",
  });
}

/** Starts it and waits until it answers. */
export async function startOffloader(env: NodeJS.ProcessEnv): Promise<OffloaderProcess> {
  const port = await freePort();
  const runtime = readImageRuntime(dockerfile);
  const child = spawn(process.execPath, [...runtime.flags, bundle], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      NODE_PATH: resolve(root, "node_modules"),
      AWS_EC2_METADATA_DISABLED: "true",
      [serviceVariables.port]: String(port),
      ...runtime.env,
      ...env,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  let lastUse: ProcessUse = { peakMiB: 0, cpuSeconds: 0 };
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  };
  const offloader: OffloaderProcess = {
    child,
    metric,
    async waitFor(name, isReached, timeoutMs) {
      const until = Date.now() + timeoutMs;
      while (!isReached(await metric(name))) {
        if (Date.now() > until) {
          throw new Error(`${name} is ${await metric(name)} after ${timeoutMs} ms\n${output}`);
        }
        await sleep(lookMs);
      }
    },
    use: () => (lastUse = readUse(child.pid!, lastUse)),
    end(signal) {
      child.kill(signal);
      return ended;
    },
    output: () => output,
  };
  for (let tries = 0; ; tries++) {
    try {
      await metric("log_offloader_files");
      return offloader;
    } catch (error) {
      if (tries > 400 || child.exitCode !== null) {
        throw new Error(`the offloader didn't start\n${output}`, { cause: error });
      }
      await sleep(lookMs);
    }
  }
}

/** Memory and CPU of a process, from `/proc`. Linux only. */
export function processUse(pid: number): ProcessUse {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    peakMiB: Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024,
    // utime and stime are the 14th and 15th field of proc(5), the 12th and 13th from here.
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / clockTicks,
  };
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}

/** The same, or what was read last where the process is ending. */
function readUse(pid: number, last: ProcessUse): ProcessUse {
  try {
    return processUse(pid);
  } catch {
    // a process that ends has no memory any more
    return last;
  }
}
