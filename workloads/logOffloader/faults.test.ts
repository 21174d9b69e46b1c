import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { openSync, closeSync, promises as fs, writeSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  getRayLogManifest,
  type Lake,
  listObjects,
  listRayLogClusters,
  ManifestStatus,
  type ObjectStore,
  openLake,
  openObjectCache,
  openObjectStore,
  readLogFile,
} from "@mlplatform/lake";
import { type ChildService, startChildService } from "../lake/childService.fixture";
import { startSeaweedfs, type TestStore } from "../lake/objectStores.fixture";
import { type Relay, startRelay } from "../lake/relay.fixture";
import { seededRandom } from "../lake/seededRandom.fixture";

const NODE = { namespace: "churn", cluster: "faulty", node: "head" };
// faults.soak.ts sets more of both, and another seed.
const SEED = Number(process.env["MLP_FAULT_SEED"] ?? 20261126);
const KILLS = Number(process.env["MLP_FAULT_KILLS"] ?? 25);
const OUTAGE_MB = Number(process.env["MLP_FAULT_OUTAGE_MB"] ?? 450);
const MIB = 1 << 20;
const STEPS = [
  "logs.read",
  "log.written",
  "logs.encoded",
  "logs.put",
  "logs.checkpoint",
  "logs.removed",
  "logs.manifest",
];

describe("log offloader under faults", function () {
  this.timeout(240_000 + KILLS * 3_000 + OUTAGE_MB * 200);
  let server: TestStore;
  let store: ObjectStore;
  let lake: Lake;
  let folder: string;
  let logs: string;
  let offloader: ChildService | undefined;
  let relay: Relay | undefined;

  before(async () => {
    server = await startSeaweedfs();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "mlplatform-faults-"));
    logs = path.join(folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
    await fs.mkdir(logs, { recursive: true });
    store = openObjectStore(server.options);
    for await (const { key } of listObjects(store, "")) {
      await store.delete(key);
    }
    const cache = await openObjectCache({ store, directory: path.join(folder, "cache") });
    lake = openLake({ store, cache });
  });
  afterEach(async () => {
    await offloader?.end("SIGKILL");
    offloader = undefined;
    await relay?.stop();
    relay = undefined;
    store.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  function launch(env: NodeJS.ProcessEnv = {}): ChildService {
    offloader = startChildService("logOffloader", {
      ...server.environment,
      MLP_NAMESPACE: NODE.namespace,
      MLP_CLUSTER: NODE.cluster,
      MLP_NODE: NODE.node,
      MLP_ROLE: "head",
      MLP_RAY_DIR: path.join(folder, "ray"),
      MLP_STATE_DIR: path.join(folder, "state"),
      MLP_POLL_INTERVAL_MS: "20",
      MLP_SHIP_INTERVAL_MS: "150",
      ...env,
    });
    return offloader;
  }

  async function drain(): Promise<void> {
    const { code } = await offloader!.end("SIGTERM");
    assert.equal(code, 0, offloader!.output());
  }

  /** All lives of a file in the lake, oldest first by the manifest's order. */
  async function livesOf(name: string): Promise<Buffer[]> {
    const { files } = await getRayLogManifest(store, NODE);
    const lives: Buffer[] = [];
    for (const { uid, file, size, bytesCommitted } of files) {
      if (file === name) {
        assert.equal(size, bytesCommitted, name);
        const pieces: Buffer[] = [];
        for await (const bytes of readLogFile(lake, NODE, { node: NODE.node, uid })) {
          pieces.push(bytes);
        }
        lives.push(Buffer.concat(pieces));
      }
    }
    return lives;
  }

  async function expectWhole(name: string, expected: Buffer): Promise<void> {
    const lives = await livesOf(name);
    assert.deepEqual(
      lives.map((life) => [life.length, sha256(life)]),
      [[expected.length, sha256(expected)]],
      name,
    );
    const { rows } = await lake.query(
      `SELECT count(*) - count(DISTINCT (node, file_uid, byte_start)) AS repeated FROM raylogs`,
      NODE,
    );
    assert.deepEqual(rows, [{ repeated: 0n }]);
    const [cluster] = await listRayLogClusters(store, {});
    assert.equal(cluster!.isComplete, true);
  }

  /** Appends numbered lines until `stop` resolves. Returns what was written. */
  function write(name: string, stop: Promise<unknown>): Promise<Buffer> {
    let isOver = false;
    void stop.then(() => (isOver = true));
    return (async () => {
      const pieces: string[] = [];
      for (let line = 0; !isOver; line++) {
        const text = `line ${line} of ${name} ${"x".repeat(line % 90)}\n`;
        await fs.appendFile(path.join(logs, name), text);
        pieces.push(text);
        await sleep(2);
      }
      return Buffer.from(pieces.join(""));
    })();
  }

  it(`loses and repeats nothing when it is killed ${KILLS} times at random (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    let finish: () => void = () => undefined;
    const written = write("worker.out", new Promise<void>((resolve) => (finish = resolve)));
    for (let kill = 0; kill < KILLS; kill++) {
      const service = launch();
      await service.waitFor(/following /);
      await sleep(random() * 500);
      await service.end("SIGKILL");
    }
    finish();
    const expected = await written;
    await launch().waitFor(/following /);
    await drain();
    await expectWhole("worker.out", expected);
  });

  for (const step of STEPS) {
    it(`loses and repeats nothing when it is killed after "${step}"`, async () => {
      const expected = Buffer.from("first line\nsecond line\nthird, without its end");
      await fs.writeFile(path.join(logs, "raylet.out"), expected);
      const service = launch({ MLP_FAILPOINT: step });
      const ended = new Promise((resolve) => service.child.once("close", resolve));
      // The manifest is put at the end only.
      if (step === "logs.manifest") {
        await service.waitFor(/following /);
        await sleep(500);
        service.child.kill("SIGTERM");
      }
      await ended;
      assert.equal(service.child.signalCode, "SIGKILL", service.output());
      await launch().waitFor(/following /);
      await drain();
      await expectWhole("raylet.out", expected);
    });
  }

  it("loses at most the last seconds when the node is lost, and is missing by name", async () => {
    let finish: () => void = () => undefined;
    const written = write("worker.out", new Promise<void>((resolve) => (finish = resolve)));
    await launch().waitFor(/following /);
    await sleep(3_000);
    // Both at once: Ray's files and the state go with the node.
    const lastSecond = (await fs.stat(path.join(logs, "worker.out"))).size;
    await sleep(1_500);
    await offloader!.end("SIGKILL");
    finish();
    await written;
    const { rows } = await lake.query("SELECT max(byte_end)::BIGINT AS stored FROM raylogs", NODE);
    const stored = Number(rows[0]!["stored"]);
    assert.ok(stored >= lastSecond, `${stored} of the ${lastSecond} bytes of 1.5 s before the end`);
    assert.equal((await getRayLogManifest(store, NODE)).status, ManifestStatus.Open);
    const [cluster] = await listRayLogClusters(store, {}, Date.now() + 3_600_000);
    assert.deepEqual([cluster!.state, cluster!.incompleteNodes], ["INCOMPLETE", ["head"]]);
  });

  it(`keeps ${OUTAGE_MB} MB of an outage within its bounds, and catches up`, async () => {
    relay = await startRelay(server.options.endpoint!);
    const port = 20_000 + (process.pid % 20_000);
    await launch({
      MLP_LAKE_ENDPOINT: relay.endpoint,
      MLP_LOG_MIB: "64",
      MLP_DRAIN_MS: "1200000",
      MLP_PORT: String(port),
      NODE_OPTIONS: "--max-semi-space-size=2",
    }).waitFor(/following /);
    await relay.cut();
    const name = path.join(logs, "job-driver-raysubmit_1.log");
    const hash = createHash("sha256");
    const handle = openSync(name, "w");
    const block = Buffer.from(
      "2026-11-23 10:00:00,123 INFO epoch 1 of the outage\n".repeat(20_000),
    );
    let size = 0;
    while (size < OUTAGE_MB * 1e6) {
      size += writeSync(handle, block);
      hash.update(block);
      await sleep(5);
    }
    closeSync(handle);
    await sleep(1_000);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const value = (metric: string) =>
      Number(new RegExp(`^${metric} (\\S+)$`, "m").exec(metrics)![1]);
    assert.ok(value("log_offloader_disk_bytes") <= 64 * MIB);
    assert.ok(value("log_offloader_pauses_total") > 0, "reading has to pause at the bound");
    assert.ok(value("log_offloader_lag_seconds") > 0);
    const status = await fs.readFile(`/proc/${offloader!.child.pid}/status`, "utf8");
    const peakMiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024;
    assert.ok(peakMiB < 320, `${peakMiB} MiB, with the test's own TypeScript loader`);
    await relay.restore();
    await drain();
    const { files } = await getRayLogManifest(store, NODE);
    assert.deepEqual(
      files.map(({ bytesCommitted, sha256: digest }) => [bytesCommitted, digest]),
      [[size, hash.digest("hex")]],
    );
    const { rows } = await lake.query(
      "SELECT sum(byte_end - byte_start)::BIGINT AS n FROM raylogs",
    );
    assert.deepEqual(rows, [{ n: BigInt(size) }]);
  });

  it("stores a single line of 200 MB in pieces, within its memory", async () => {
    const piece = Buffer.alloc(MIB, "0123456789abcdef");
    const handle = openSync(path.join(logs, "worker.out"), "w");
    for (let count = 0; count < 200; count++) {
      writeSync(handle, piece);
    }
    writeSync(handle, "\nend\n");
    closeSync(handle);
    await launch({ NODE_OPTIONS: "--max-semi-space-size=2" }).waitFor(/following /);
    const pid = offloader!.child.pid!;
    let peakMiB = 0;
    const timer = setInterval(() => {
      void fs.readFile(`/proc/${pid}/status`, "utf8").then(
        (status) => (peakMiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024),
        () => undefined,
      );
    }, 50);
    await drain();
    clearInterval(timer);
    assert.ok(peakMiB < 320, `${peakMiB} MiB, with the test's own TypeScript loader`);
    const { rows } = await lake.query(
      "SELECT sum(byte_end - byte_start)::BIGINT AS n, max(line_no)::INT AS lines FROM raylogs",
    );
    assert.deepEqual(rows, [{ n: BigInt(200 * MIB + 5), lines: 2 }]);
  });

  it("waits at a full disk without an end, and loses nothing when there is room again", async function () {
    const state = path.join(folder, "state");
    await fs.mkdir(state);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", state], { stdio: "pipe" });
    } catch (error) {
      console.log(`      skipped: no tmpfs can be mounted here: ${String(error).split("\n")[0]}`);
      this.skip();
    }
    try {
      const filler = path.join(state, "filler");
      await launch().waitFor(/following /);
      const name = path.join(logs, "worker.out");
      await fs.appendFile(name, "before\n");
      await sleep(800);
      await fs.writeFile(filler, Buffer.alloc(64 * MIB)).catch((error: NodeJS.ErrnoException) => {
        assert.equal(error.code, "ENOSPC");
      });
      const more = Buffer.from("while it was full\n".repeat(200_000));
      await fs.appendFile(name, more);
      await sleep(2_000);
      assert.equal(offloader!.child.exitCode, null, offloader!.output());
      await fs.rm(filler);
      await sleep(500);
      await drain();
      await expectWhole("worker.out", Buffer.concat([Buffer.from("before\n"), more]));
    } finally {
      await offloader?.end("SIGKILL");
      execFileSync("umount", [state]);
    }
  });

  it("goes on from a garbled checkpoint by reading all once more", async () => {
    const name = path.join(logs, "worker.out");
    await fs.writeFile(name, "one\n");
    await launch().waitFor(/following /);
    await sleep(900);
    await offloader!.end("SIGKILL");
    await fs.truncate(path.join(folder, "state", "checkpoint.json"), 20);
    await fs.appendFile(name, "two\n");
    await launch().waitFor(/following /);
    await drain();
    assert.match(offloader!.output(), /the checkpoint is damaged and was moved to/);
    await expectWhole("worker.out", Buffer.from("one\ntwo\n"));
  });

  it("keeps checkpoint and manifest small however often a dump is written anew", async () => {
    const dump = path.join(logs, "debug_state.txt");
    await launch().waitFor(/following /);
    for (let tick = 0; tick < 60; tick++) {
      await fs.writeFile(dump, `NodeManager:\ntick ${tick}\n`);
      await sleep(60);
    }
    await drain();
    const { files, earlierLives } = await getRayLogManifest(store, NODE);
    assert.ok(files.length <= 10, `${files.length} entries`);
    const lives = earlierLives![0]!;
    assert.equal(lives.file, "debug_state.txt");
    const { rows } = await lake.query(
      "SELECT count(DISTINCT file_uid)::INT AS lives, sum(byte_end - byte_start)::INT AS bytes FROM raylogs",
    );
    const kept = files.reduce((sum, { bytesCommitted }) => sum + bytesCommitted, 0);
    assert.deepEqual(rows, [{ lives: lives.lives + files.length, bytes: lives.bytes + kept }]);
    assert.match(lives.digest!, /^[0-9a-f]{64}$/);
    assert.equal((await livesOf("debug_state.txt")).at(-1)!.toString(), "NodeManager:\ntick 59\n");
  });

  it("stands a store that answers late, and one whose answer is lost", async () => {
    relay = await startRelay(server.options.endpoint!);
    await launch({ MLP_LAKE_ENDPOINT: relay.endpoint }).waitFor(/following /);
    const name = path.join(logs, "worker.out");
    for (let round = 0; round < 4; round++) {
      relay.loseNextAnswer();
      await fs.appendFile(name, `round ${round}\n`);
      await sleep(400);
    }
    await relay.cut();
    await sleep(300);
    await relay.restore();
    await drain();
    await expectWhole("worker.out", Buffer.from("round 0\nround 1\nround 2\nround 3\n"));
  });
});

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
