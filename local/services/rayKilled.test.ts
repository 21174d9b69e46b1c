import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { getRayLogManifest, ManifestStatus } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { ClusterState } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { startMinio, type TestStore } from "../../workloads/lake/testbed/objectStores";
import {
  makeOffloaderBed,
  type OffloaderBed,
  sha256,
} from "../../workloads/logOffloader/testbed/offloaderBed";
import { choosePorts } from "../processes/ports";
import { bootId, ownProcesses, runMarker } from "../processes/processTable";
import { PythonEnvironment } from "../programs/pythonEnvironment";
import { type RayHead, rayHead, takesJobs } from "./ray";
import { basicEnvironment } from "../processes/supervisor";

const withinMs = 120_000;
const workerCount = 3;
const jobScript = `
import sys, time
import ray

@ray.remote(num_cpus=1)
def train(worker):
    line = 0
    while True:
        print(f"worker {worker} line {line}", "x" * (line % 150), flush=True)
        print(f"worker {worker} warns {line}", file=sys.stderr, flush=True)
        line += 1
        time.sleep(0.005)

ray.init()
running = [train.remote(worker) for worker in range(${workerCount})]
for second in range(10**6):
    print("driver at", second, flush=True)
    time.sleep(0.1)
`;

describe("a real Ray head that is killed with -9 in the middle of a job", function () {
  this.timeout(withinMs * 3);
  const clone = resolve(__dirname, "../..");
  const runId = randomBytes(6).toString("hex");
  let store: TestStore;
  let bed: OffloaderBed;
  let head: RayHead;
  let ray: ChildProcess;
  let output = "";
  /** Outside the bed: the path of Ray's sockets has at most 107 bytes. */
  let folder: string;

  before(async () => {
    const requirements = join(clone, "local", "python", "requirements.txt");
    const state = join(clone, ".mlplatform");
    const python = await PythonEnvironment.prepare(state, requirements, () => undefined);
    folder = await fs.mkdtemp("/tmp/mlp-");
    store = await startMinio();
    bed = await makeOffloaderBed(store, {
      MLP_RAY_DIR: join(folder, "ray"),
      MLP_SHIP_INTERVAL_MS: "1000",
    });
    await bed.launch().waitFor(/following /);
    head = rayHead(clone, join(folder, "ray"), await choosePorts());
    const env = {
      ...basicEnvironment(),
      ...head.env,
      [runMarker]: runId,
      PATH: `${dirname(python.python)}:${process.env["PATH"] ?? ""}`,
    };
    ray = spawn(python.python, head.args, { env, stdio: ["ignore", "pipe", "pipe"] });
    ray.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
    ray.stderr!.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await until("Ray takes jobs", () => takesJobs(head));
    const job = join(folder, "job");
    await fs.mkdir(job);
    await fs.writeFile(join(job, "job.py"), jobScript);
    await promisify(execFile)(
      python.program("ray"),
      [
        ...["job", "submit", `--address=${head.dashboard}`, "--submission-id=killed", "--no-wait"],
        ...["--working-dir", job, "--", "python", "job.py"],
      ],
      { env: { ...env, ...head.token } },
    );
    await until("workers write", async () => {
      const workers = (await logFiles()).filter(({ name, bytes }) => {
        return /^worker-.*\.(out|err)$/.test(name) && bytes.includes(" 200");
      });
      return workers.length === 2 * workerCount;
    });
  });
  after(async () => {
    killRay();
    await bed?.end();
    await store?.stop();
    if (folder !== undefined) {
      await fs.rm(folder, { recursive: true, force: true });
    }
  });

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + withinMs;
    // Refused connections are part of a start.
    while (!(await isSo().catch(() => false))) {
      assert.ok(performance.now() < end && ray.exitCode === null, `${what}: not so\n${output}`);
      await sleep(200);
    }
  }

  function killRay(): number {
    const own = ownProcesses({ runId, bootId: bootId(), processes: [] });
    for (const { pid } of own) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        // It ended by itself, its parent being gone.
        assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
      }
    }
    return own.length;
  }

  /** Not the empty ones: they have no bytes to lose. */
  async function logFiles(): Promise<{ name: string; bytes: Buffer }[]> {
    const sessions = (await fs.readdir(join(folder, "ray"))).filter((name) =>
      /^session_\d/.test(name),
    );
    const logs = join(folder, "ray", sessions[0]!, "logs");
    const entries = await fs.readdir(logs, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const read = await Promise.all(
      files.map(async ({ parentPath, name }) => {
        const file = join(parentPath, name);
        return { name: relative(logs, file), bytes: await fs.readFile(file) };
      }),
    );
    return read.filter(({ bytes }) => bytes.length > 0);
  }

  // Ray writes its dumps of state from their first byte on, every ten seconds.
  const isRewritten = (name: string) => name.startsWith("debug_state");

  it("leaves every line that a worker had flushed in the lake within seconds, its node named", async () => {
    assert.ok(killRay() > workerCount + 4, output);
    while (killRay() > 0) {
      await sleep(50);
    }
    const files = (await logFiles()).filter(({ name }) => !isRewritten(name));
    for (const { name, bytes } of files) {
      await bed.waitForStored(bytes.length, name);
    }
    // Then the sidecar goes the same way: what is in the lake has no word of an end.
    await bed.service().end("SIGKILL");
    const { rows } = await bed.lake.query(
      "SELECT file, sum(byte_end - byte_start)::INT AS bytes FROM raylogs GROUP BY 1",
      bed.node,
    );
    assert.deepEqual(
      new Map(
        rows
          .filter(({ file }) => !isRewritten(String(file)))
          .map(({ file, bytes }) => [file, bytes]),
      ),
      new Map(files.map(({ name, bytes }) => [name, bytes.length])),
    );
    assert.ok(files.some(({ name }) => name === "job-driver-killed.log"));
    const cluster = await bed.cluster(Date.now() + 3_600_000);
    assert.deepEqual([cluster.state, cluster.incompleteNodes], [ClusterState.Incomplete, ["head"]]);
  });

  it("is COMPLETE, with every file equal by SHA-256, once the sidecar is back and drained", async () => {
    await bed.launch().waitFor(/following /);
    await bed.drain();
    const { status, files } = await getRayLogManifest(bed.store, bed.node);
    assert.equal(status, ManifestStatus.Final);
    const onDisk = await logFiles();
    // Of a file that was written anew the last life, which comes last.
    assert.deepEqual(
      new Map(files.map(({ file, sha256: digest }) => [file, digest])),
      new Map(onDisk.map(({ name, bytes }) => [name, sha256(bytes)])),
    );
    for (const { name, bytes } of onDisk) {
      const lives = await bed.livesOf(name);
      assert.ok(lives.length === 1 || isRewritten(name), name);
      assert.equal(sha256(lives.at(-1)!), sha256(bytes), name);
    }
    assert.equal((await bed.cluster()).state, ClusterState.Complete);
  });
});
