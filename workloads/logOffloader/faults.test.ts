import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { openSync, closeSync, promises as fs, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getRayLogManifest, ManifestStatus } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { startSeaweedfs, type TestStore } from "../lake/testbed/objectStores";
import { type Relay, startRelay } from "../lake/testbed/relay";
import { seededRandom } from "../lake/testbed/seededRandom";
import { makeOffloaderBed, type OffloaderBed } from "./testbed/offloaderBed";

// faults.soak.ts sets more of both, and another seed.
const seed = Number(process.env["MLP_FAULT_SEED"] ?? 20261126);
const kills = Number(process.env["MLP_FAULT_KILLS"] ?? 25);
const outageMb = Number(process.env["MLP_FAULT_OUTAGE_MB"] ?? 450);
const mib = 1 << 20;
const killSteps = [
  "logs.read",
  "log.written",
  "logs.encoded",
  "logs.put",
  "logs.checkpoint",
  "logs.removed",
  "logs.manifest",
];

describe("log offloader under faults", function () {
  this.timeout(240_000 + kills * 3_000 + outageMb * 200);
  let server: TestStore;
  let bed: OffloaderBed;
  let relay: Relay | undefined;

  before(async () => {
    server = await startSeaweedfs();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    bed = await makeOffloaderBed(server, {
      MLP_POLL_INTERVAL_MS: "20",
      MLP_SHIP_INTERVAL_MS: "150",
    });
  });
  afterEach(async () => {
    await bed.end();
    await relay?.stop();
    relay = undefined;
  });

  /** Appends numbered lines until `stop` resolves. Returns what was written. */
  function write(name: string, stop: Promise<unknown>): Promise<Buffer> {
    let isOver = false;
    void stop.then(() => (isOver = true));
    return (async () => {
      const pieces: string[] = [];
      for (let line = 0; !isOver; line++) {
        const text = `line ${line} of ${name} ${"x".repeat(line % 90)}\n`;
        await fs.appendFile(join(bed.logs, name), text);
        pieces.push(text);
        await sleep(2);
      }
      return Buffer.from(pieces.join(""));
    })();
  }

  it(`loses and repeats nothing when it is killed ${kills} times at random (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    let finish: () => void = () => undefined;
    const written = write("worker.out", new Promise<void>((resolve) => (finish = resolve)));
    for (let kill = 0; kill < kills; kill++) {
      const service = bed.launch();
      await service.waitFor(/following /);
      await sleep(random() * 500);
      await service.end("SIGKILL");
    }
    finish();
    const expected = await written;
    await bed.launch().waitFor(/following /);
    await bed.drain();
    await bed.expectWhole("worker.out", expected);
  });

  for (const step of killSteps) {
    it(`loses and repeats nothing when it is killed after "${step}"`, async () => {
      const expected = Buffer.from("first line\nsecond line\nthird, without its end");
      await fs.writeFile(join(bed.logs, "raylet.out"), expected);
      const service = bed.launch({ MLP_FAILPOINT: step });
      const ended = new Promise((resolve) => service.child.once("close", resolve));
      // The manifest is put at the end only.
      if (step === "logs.manifest") {
        await service.waitFor(/following /);
        await sleep(500);
        service.child.kill("SIGTERM");
      }
      await ended;
      assert.equal(service.child.signalCode, "SIGKILL", service.output());
      await bed.launch().waitFor(/following /);
      await bed.drain();
      await bed.expectWhole("raylet.out", expected);
    });
  }

  it("loses at most the last seconds when the node is lost, and is missing by name", async () => {
    let finish: () => void = () => undefined;
    const written = write("worker.out", new Promise<void>((resolve) => (finish = resolve)));
    await bed.launch().waitFor(/following /);
    await sleep(3_000);
    // Both at once: Ray's files and the state go with the node.
    const lastSecond = (await fs.stat(join(bed.logs, "worker.out"))).size;
    await sleep(1_500);
    await bed.service().end("SIGKILL");
    finish();
    await written;
    const { rows } = await bed.lake.query(
      "SELECT max(byte_end)::BIGINT AS stored FROM raylogs",
      bed.node,
    );
    const stored = Number(rows[0]!["stored"]);
    assert.ok(stored >= lastSecond, `${stored} of the ${lastSecond} bytes of 1.5 s before the end`);
    assert.equal((await getRayLogManifest(bed.store, bed.node)).status, ManifestStatus.Open);
    const cluster = await bed.cluster(Date.now() + 3_600_000);
    assert.deepEqual([cluster.state, cluster.incompleteNodes], ["INCOMPLETE", ["head"]]);
  });

  it(`keeps ${outageMb} MB of an outage within its bounds, and catches up`, async () => {
    relay = await startRelay(server.options.endpoint!);
    await bed
      .launch({
        MLP_LAKE_ENDPOINT: relay.endpoint,
        MLP_LOG_MIB: "64",
        MLP_DRAIN_MS: "1200000",
        NODE_OPTIONS: "--max-semi-space-size=2",
      })
      .waitFor(/following /);
    await relay.cut();
    const name = join(bed.logs, "job-driver-raysubmit_1.log");
    const hash = createHash("sha256");
    const handle = openSync(name, "w");
    const block = Buffer.from(
      "2026-11-23 10:00:00,123 INFO epoch 1 of the outage\n".repeat(20_000),
    );
    let size = 0;
    while (size < outageMb * 1e6) {
      size += writeSync(handle, block);
      hash.update(block);
      await sleep(5);
    }
    closeSync(handle);
    await sleep(1_000);
    assert.ok((await bed.metric("log_offloader_disk_bytes")) <= 64 * mib);
    assert.ok(
      (await bed.metric("log_offloader_pauses_total")) > 0,
      "reading has to pause at the bound",
    );
    assert.ok((await bed.metric("log_offloader_lag_seconds")) > 0);
    const status = await fs.readFile(`/proc/${bed.service().child.pid}/status`, "utf8");
    const peakMiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024;
    assert.ok(peakMiB < 320, `${peakMiB} MiB, with the test's own TypeScript loader`);
    await relay.restore();
    await bed.drain();
    const { files } = await getRayLogManifest(bed.store, bed.node);
    assert.deepEqual(
      files.map(({ bytesCommitted, sha256: digest }) => [bytesCommitted, digest]),
      [[size, hash.digest("hex")]],
    );
    const { rows } = await bed.lake.query(
      "SELECT sum(byte_end - byte_start)::BIGINT AS n FROM raylogs",
      bed.node,
    );
    assert.deepEqual(rows, [{ n: BigInt(size) }]);
  });

  it("stores a single line of 200 MB in pieces, within its memory", async () => {
    const piece = Buffer.alloc(mib, "0123456789abcdef");
    const handle = openSync(join(bed.logs, "worker.out"), "w");
    for (let count = 0; count < 200; count++) {
      writeSync(handle, piece);
    }
    writeSync(handle, "\nend\n");
    closeSync(handle);
    await bed.launch({ NODE_OPTIONS: "--max-semi-space-size=2" }).waitFor(/following /);
    const pid = bed.service().child.pid!;
    let peakMiB = 0;
    const timer = setInterval(() => {
      void fs.readFile(`/proc/${pid}/status`, "utf8").then(
        (status) => (peakMiB = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024),
        () => undefined,
      );
    }, 50);
    await bed.drain();
    clearInterval(timer);
    assert.ok(peakMiB < 320, `${peakMiB} MiB, with the test's own TypeScript loader`);
    const { rows } = await bed.lake.query(
      "SELECT sum(byte_end - byte_start)::BIGINT AS n, max(line_no)::INT AS lines FROM raylogs",
      bed.node,
    );
    assert.deepEqual(rows, [{ n: BigInt(200 * mib + 5), lines: 2 }]);
  });

  it("waits at a full disk without an end, and loses nothing when there is room again", async function () {
    const { state } = bed;
    await fs.mkdir(state);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=40m", "tmpfs", state], { stdio: "pipe" });
    } catch (error) {
      console.log(`      skipped: no tmpfs can be mounted here: ${String(error).split("\n")[0]}`);
      this.skip();
    }
    try {
      const filler = join(state, "filler");
      await bed.launch().waitFor(/following /);
      const name = join(bed.logs, "worker.out");
      await fs.appendFile(name, "before\n");
      await sleep(800);
      await fs.writeFile(filler, Buffer.alloc(64 * mib)).catch((error: NodeJS.ErrnoException) => {
        assert.equal(error.code, "ENOSPC");
      });
      const more = Buffer.from("while it was full\n".repeat(200_000));
      await fs.appendFile(name, more);
      await sleep(2_000);
      assert.equal(bed.service().child.exitCode, null, bed.service().output());
      await fs.rm(filler);
      await sleep(500);
      await bed.drain();
      await bed.expectWhole("worker.out", Buffer.concat([Buffer.from("before\n"), more]));
    } finally {
      await bed.service().end("SIGKILL");
      execFileSync("umount", [state]);
    }
  });

  it("goes on from a garbled checkpoint by reading all once more", async () => {
    const name = join(bed.logs, "worker.out");
    await fs.writeFile(name, "one\n");
    await bed.launch().waitFor(/following /);
    await sleep(900);
    await bed.service().end("SIGKILL");
    await fs.truncate(join(bed.state, "checkpoint.json"), 20);
    await fs.appendFile(name, "two\n");
    await bed.launch().waitFor(/following /);
    await bed.drain();
    assert.match(bed.service().output(), /the checkpoint is damaged and was moved to/);
    await bed.expectWhole("worker.out", Buffer.from("one\ntwo\n"));
  });

  it("keeps checkpoint and manifest small however often a dump is written anew", async () => {
    const dump = join(bed.logs, "debug_state.txt");
    await bed.launch().waitFor(/following /);
    for (let tick = 0; tick < 60; tick++) {
      await fs.writeFile(dump, `NodeManager:\ntick ${tick}\n`);
      await sleep(60);
    }
    await bed.drain();
    const { files, earlierLives } = await getRayLogManifest(bed.store, bed.node);
    assert.ok(files.length <= 10, `${files.length} entries`);
    const lives = earlierLives![0]!;
    assert.equal(lives.file, "debug_state.txt");
    const { rows } = await bed.lake.query(
      "SELECT count(DISTINCT file_uid)::INT AS lives, sum(byte_end - byte_start)::INT AS " +
        "bytes FROM raylogs",
      bed.node,
    );
    const kept = files.reduce((sum, { bytesCommitted }) => sum + bytesCommitted, 0);
    assert.deepEqual(rows, [{ lives: lives.lives + files.length, bytes: lives.bytes + kept }]);
    assert.match(lives.digest!, /^[0-9a-f]{64}$/);
    assert.equal(
      (await bed.livesOf("debug_state.txt")).at(-1)!.toString(),
      "NodeManager:\ntick 59\n",
    );
  });
});
