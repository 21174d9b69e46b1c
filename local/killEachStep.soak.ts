import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isPortFree } from "./processes/ports";
import { isAlive, listenersOf, readProcessTable } from "./processes/processTable";
import { type RunRecord, StateDirectory } from "./processes/runState";
import { findBrowser } from "./lifecycle/screens";

const stepTimeoutMs = 300_000;
const clone = resolve(__dirname, "..");
const main = ["--import", "tsx", join(clone, "local", "main.ts")];
/** As few as the steps need: what is tested is their end, not their work. */
const quick = ["--predictions", "200", "--trials", "1"];

/**
 * Each step's first words, and the process of it that is waited for before the kill, if it has one.
 */
const steps: { title: string; process?: string }[] = [
  { title: "Python environment" },
  { title: "Free ports" },
  { title: "Object store", process: "s3" },
  { title: "PostgreSQL", process: "postgres-initdb" },
  { title: "MLflow, Ray", process: "ray" },
  { title: "Publish the dataset", process: "publish" },
  { title: "Train, tune", process: "train" },
  { title: "Serve the champion", process: "model-server" },
  { title: "Send 200 predictions" },
  { title: "Stop Ray" },
  { title: "Compare the lake" },
  ...(findBrowser() === undefined ? [] : [{ title: "Screenshot of MLflow" }]),
  { title: "Trace one prediction" },
];

describe("npm run local, killed at each step", function () {
  this.timeout(stepTimeoutMs + 60_000);
  const state = new StateDirectory(clone);
  let temporary: string;

  beforeEach(() => {
    // Everything that a run puts outside the clone lies in here, and nothing else does. Its name is
    // short for Ray's sockets, and PostgreSQL's unprivileged user passes through it.
    temporary = mkdtempSync(join(tmpdir(), "k-"));
    chmodSync(temporary, 0o711);
  });
  afterEach(() => rmSync(temporary, { recursive: true, force: true }));

  const environment = () => ({ ...process.env, TMPDIR: temporary });

  /** Starts a run and waits until it is in a step, with the step's process started. */
  async function runInto(index: number): Promise<ChildProcess> {
    const options = { cwd: clone, env: environment() };
    const child = spawn(process.execPath, [...main, ...quick], { ...options, stdio: "pipe" });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const step = steps[index];
    const before = steps[index - 1];
    const deadline = Date.now() + stepTimeoutMs;
    for (;;) {
      assert.equal(child.exitCode, null, output);
      assert.ok(Date.now() < deadline, `${step?.title} was not reached: ${output}`);
      const record = state.record();
      if (record !== undefined && record.owner.pid === child.pid) {
        // Steps follow one another: the line that ends one is the start of the next.
        const hasBegun = before === undefined || output.includes(`✔ ${before.title}`);
        const names = record.services.map(({ name }) => name);
        if (hasBegun && (step?.process === undefined || names.includes(step.process))) {
          return child;
        }
      }
      await sleep(20);
    }
  }

  function clean(): void {
    const command = [...main, "clean"];
    const options = { cwd: clone, env: environment(), encoding: "utf8" as const };
    const done = spawnSync(process.execPath, command, options);
    assert.equal(done.status, 0, done.stdout + done.stderr);
  }

  for (const [index, { title }] of steps.entries()) {
    it(`leaves no process, listener or file after kill -9 in "${title}" and \`clean\``, async () => {
      const sharedMemory = new Set(readdirSync("/dev/shm"));
      const child = await runInto(index);
      child.kill("SIGKILL");
      await new Promise((settle) => child.once("close", settle));
      const record = state.record();
      assert.ok(record !== undefined);
      const ports = listenersOf(state.remaining(record)).map(({ port }) => port);
      assert.ok(index < 4 || ports.length > 0, "the services outlive the script");
      clean();
      assert.deepEqual(record.services.filter(isAlive), []);
      assert.deepEqual(state.remaining(record), []);
      assert.deepEqual(usersOf(record, state.run), []);
      for (const port of ports) {
        assert.ok(await isPortFree(port), `port ${port} is still taken`);
      }
      assert.deepEqual(
        readdirSync(temporary).filter((name) => !isCompilerCache(name)),
        [],
      );
      assert.deepEqual(
        readdirSync("/dev/shm").filter((name) => !sharedMemory.has(name)),
        [],
      );
      assert.equal(existsSync(state.run), false);
      assert.deepEqual(
        readdirSync(state.root).filter((name) => name.startsWith("lock")),
        [],
      );
    });
  }

  it("runs to its end afterwards", () => {
    const command = [...main, ...quick];
    const options = { cwd: clone, env: environment(), encoding: "utf8" as const };
    const done = spawnSync(process.execPath, command, options);
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /400 events for 200 requests; [1-9]\d* log files, \d+ bytes equal/);
  });
});

/** The compiler of TypeScript and Node keep their caches between all programs of a user. */
function isCompilerCache(name: string): boolean {
  return /^(tsx-\d+|node-compile-cache)$/.test(name);
}

/**
 * Processes that have to do with a run's folders, by command line, current folder or an open file.
 * Unlike the program's own search it needs no marker, session or parent.
 */
function usersOf(record: RunRecord, run: string): string[] {
  const folders = [run, ...record.outside];
  return readProcessTable()
    .filter(({ pid, zombie }) => !zombie && pid !== process.pid)
    .filter(({ pid }) => {
      const traces = tracesOf(pid);
      return traces.some((trace) => folders.some((folder) => trace.includes(folder)));
    })
    .map(({ pid, command }) => `${pid} ${command}`);
}

function tracesOf(pid: number): string[] {
  const folder = `/proc/${pid}`;
  try {
    const links = readdirSync(`${folder}/fd`).map((name) => `${folder}/fd/${name}`);
    return [
      readFileSync(`${folder}/cmdline`, "utf8"),
      ...[`${folder}/cwd`, `${folder}/exe`, ...links].map((link) => {
        try {
          return readlinkSync(link);
        } catch {
          return ""; // closed meanwhile
        }
      }),
    ];
  } catch {
    return []; // ended meanwhile
  }
}
