import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Listener, isLoopback, listenersOf, ownProcesses } from "./processes/processTable";
import { StateDirectory } from "./processes/runState";

/** The run's own limit, plus what the first one spends on making the Python environment. */
const runTimeoutMs = 540_000;
const watchMs = 500;
const predictions = 1000;

interface Watched {
  code: number | null;
  output: string;
  listeners: Map<string, Listener>;
  /** Services seen alive with a listener of their own. */
  services: Set<string>;
  mostProcesses: number;
  highestMemoryMiB: number;
}

/** Runs the program as a person does, and reads its processes' listeners while it runs. */
async function watchRun(clone: string, args: string[]): Promise<Watched> {
  const state = new StateDirectory(clone);
  const main = join(clone, "local", "main.ts");
  const command = ["--import", "tsx", main, ...args];
  const child = spawn(process.execPath, command, { cwd: clone, stdio: ["ignore", "pipe", "pipe"] });
  const watched: Watched = {
    code: null,
    output: "",
    listeners: new Map(),
    services: new Set(),
    mostProcesses: 0,
    highestMemoryMiB: 0,
  };
  child.stdout.on("data", (chunk: Buffer) => (watched.output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (watched.output += chunk.toString()));
  let ended = false;
  const end = new Promise<void>((settle) => {
    child.once("close", (code) => {
      watched.code = code;
      ended = true;
      settle();
    });
  });
  while (!ended) {
    const record = state.record();
    if (record !== undefined && record.owner.pid === child.pid) {
      const own = ownProcesses({ ...record, processes: record.services });
      watched.mostProcesses = Math.max(watched.mostProcesses, own.length);
      watched.highestMemoryMiB = Math.max(
        watched.highestMemoryMiB,
        memoryMiB(own.map((p) => p.pid)),
      );
      for (const listener of listenersOf(own)) {
        watched.listeners.set(`${listener.command} ${listener.address}:${listener.port}`, listener);
      }
      record.services.forEach((service) => watched.services.add(service.name));
    }
    await Promise.race([end, sleep(watchMs)]);
  }
  return watched;
}

/** Memory of processes with shared pages divided among them. */
function memoryMiB(pids: number[]): number {
  let kilobytes = 0;
  for (const pid of pids) {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      continue; // ended meanwhile
    }
  }
  return kilobytes / 1024;
}

describe("npm run local, end to end with real processes", function () {
  this.timeout(runTimeoutMs);
  const clone = resolve(__dirname, "..");
  let run: Watched;

  before(async () => {
    run = await watchRun(clone, ["--predictions", String(predictions)]);
  });

  it("ends well, with the trace of a prediction whose every hop was found", () => {
    assert.equal(run.code, 0, run.output);
    for (const hop of [
      "prediction",
      "model version",
      "run",
      "dataset",
      "commit",
      "ray job",
      "log lines",
    ]) {
      assert.match(run.output, new RegExp(`^● ${hop} `, "m"));
    }
    assert.doesNotMatch(run.output, /problem /);
    assert.match(run.output, /digest +[0-9a-f]{64}$/m);
    assert.match(run.output, /job_id +train-[0-9a-f]{12}$/m);
  });

  it("finds one request and one response of each prediction in the lake, and the same log bytes", () => {
    assert.match(run.output, new RegExp(`${2 * predictions} events for ${predictions} requests`));
    assert.match(run.output, /[1-9]\d* log files, [1-9]\d* bytes equal/);
  });

  it("listens on loopback only, at every moment", () => {
    const services = [
      "s3",
      "postgres",
      "mlflow",
      "ray",
      "model-server",
      "kserve-agent",
      "inference-table",
    ];
    assert.deepEqual(
      services.filter((name) => !run.services.has(name)),
      [],
    );
    assert.ok(run.listeners.size >= 15, `only ${run.listeners.size} listeners were seen`);
    const open = [...run.listeners.keys()].filter(
      (key) => !isLoopback((run.listeners.get(key) as Listener).address),
    );
    assert.deepEqual(open, []);
  });

  it("leaves no process and no file outside its folder", () => {
    const state = new StateDirectory(clone);
    const record = state.record();
    assert.ok(record !== undefined);
    assert.deepEqual(state.remaining(record), []);
    assert.equal(state.lockHolder(), undefined);
    assert.deepEqual(
      record.outside.filter((directory) => existsSync(directory)),
      [],
    );
    assert.equal(existsSync(state.endpoints), false);
  });

  it("stays below 8 GiB", () => {
    assert.ok(run.mostProcesses > 10);
    assert.ok(run.highestMemoryMiB > 500, `${run.highestMemoryMiB} MiB were measured`);
    assert.ok(run.highestMemoryMiB < 8192, `${run.highestMemoryMiB} MiB`);
  });
});
