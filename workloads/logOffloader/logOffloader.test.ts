import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import {
  getRayLogManifest,
  type ManifestFile,
  ManifestStatus,
} from "@mlplatform/lake/rayLogs/rayLogManifest";
import { listRayLogClusters } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { readLogFile } from "@mlplatform/lake/ask/logFiles";
import { listObjects } from "@mlplatform/lake/store/objectStore";
import { startChildService } from "../lake/testbed/childService";
import { startRelay } from "../lake/testbed/relay";
import { useServiceBed } from "../lake/testbed/serviceBed";

const node = { namespace: "churn", cluster: "train-x7", node: "head" };

const corpora: Record<string, Buffer> = {
  "empty.out": Buffer.alloc(0),
  "one-line.out": Buffer.from("one line, no end"),
  "crlf.log": Buffer.from("a\r\nb\r\n\r\n"),
  "progress.err": Buffer.from("1%\r50%\r100%\r\n\u001b[31mred\u001b[0m\n"),
  "nul.out": Buffer.from("a\0b\n\0\n"),
  "latin1.out": Buffer.from("caf\xe9\nna\xefve", "latin1"),
  "utf16.out": Buffer.from("wide\ntext\n", "utf16le"),
  "emoji.out": Buffer.from("🙂".repeat(5000) + "\n🙂"),
  "cut-emoji.out": Buffer.from("ok\n🙂").subarray(0, 5),
  "binary.out": randomBytes(300_000),
  "long-line.out": Buffer.from("x".repeat(3_500_000) + "\nshort\n"),
  "newlines.out": Buffer.from("\n".repeat(5000)),
  "traceback.err": Buffer.from(
    'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: x\n',
  ),
  "old/worker.out": Buffer.from("moved away\n"),
};

const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("log offloader", function () {
  this.timeout(120_000);
  const bed = useServiceBed("logOffloader", { isUp: /following / });
  let logs: string;

  beforeEach(async () => {
    logs = join(bed.folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
    await fs.mkdir(join(logs, "old"), { recursive: true });
  });

  async function start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    await bed.start({
      MLP_NAMESPACE: node.namespace,
      MLP_CLUSTER: node.cluster,
      MLP_NODE: node.node,
      MLP_ROLE: "head",
      MLP_RAY_DIR: join(bed.folder, "ray"),
      MLP_POLL_INTERVAL_MS: "50",
      MLP_SHIP_INTERVAL_MS: "300",
      ...env,
    });
  }

  async function drain(): Promise<ManifestFile[]> {
    const { code } = await bed.service.end("SIGTERM");
    assert.equal(code, 0, bed.service.output());
    const manifest = await getRayLogManifest(bed.store, node);
    assert.equal(manifest.status, ManifestStatus.Final);
    return manifest.files;
  }

  async function stored(uid: string): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const bytes of readLogFile(bed.lake, node, { node: node.node, uid })) {
      chunks.push(bytes);
    }
    return Buffer.concat(chunks);
  }

  async function expectStored(file: ManifestFile | undefined, expected: Buffer): Promise<void> {
    assert.ok(file !== undefined);
    const bytes = await stored(file.uid);
    assert.equal(
      sha256(bytes),
      sha256(expected),
      `${file.file}: ${bytes.length}/${expected.length}`,
    );
    assert.equal(file.bytesCommitted, expected.length);
    assert.equal(file.size, expected.length);
    assert.equal(file.sha256, sha256(expected), `${file.file}: ${file.sha256Reason}`);
  }

  async function waitForStored(count: number): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const { rows } = await bed.lake.query("SELECT count(*) AS n FROM raylogs", node);
      if (Number(rows[0]!["n"]) >= count) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`the lake didn't get ${count} rows; it said ${bed.service.output()}`);
  }

  it("stores every corpus byte for byte, and its manifest has each file's sha256", async () => {
    await start();
    for (const [name, bytes] of Object.entries(corpora)) {
      // In two writes: the second finds the first one read, in the middle of a line or a character.
      const half = Math.floor(bytes.length / 2);
      await fs.writeFile(join(logs, name), bytes.subarray(0, half));
    }
    await new Promise((resolve) => setTimeout(resolve, 700));
    for (const [name, bytes] of Object.entries(corpora)) {
      await fs.appendFile(join(logs, name), bytes.subarray(Math.floor(bytes.length / 2)));
    }
    const files = await drain();
    const byName = new Map(files.map((file) => [file.file, file]));
    for (const [name, bytes] of Object.entries(corpora)) {
      if (bytes.length > 0) {
        await expectStored(byName.get(name), bytes);
      }
    }
    const { rows } = await bed.lake.query(
      `SELECT count(*) - count(DISTINCT (node, file_uid, byte_start)) AS repeated FROM raylogs`,
    );
    assert.deepEqual(rows, [{ repeated: 0n }]);
    const [cluster] = await listRayLogClusters(bed.store, {});
    assert.deepEqual(cluster!.incompleteNodes, []);
  });

  it("puts an OPEN manifest before any part, so that a dead node is missing by name", async () => {
    await start();
    await fs.writeFile(join(logs, "raylet.out"), "line\n");
    await waitForStored(1);
    await bed.service.end("SIGKILL");
    assert.equal((await getRayLogManifest(bed.store, node)).status, ManifestStatus.Open);
    const [cluster] = await listRayLogClusters(bed.store, {});
    assert.deepEqual(cluster!.incompleteNodes, ["head"]);
  });

  it("follows rotation by rename without a lost or a repeated line", async () => {
    await start();
    const current = join(logs, "raylet.out");
    const generations: string[] = [];
    for (let generation = 0; generation < 4; generation++) {
      let text = "";
      for (let line = 0; line < 200; line++) {
        const more = `generation ${generation} line ${line}\n`;
        await fs.appendFile(current, more);
        text += more;
      }
      generations.push(text);
      for (let index = 3; index >= 1; index--) {
        await fs
          .rename(`${current}.${index}`, `${current}.${index + 1}`)
          .catch((error: NodeJS.ErrnoException) => {
            assert.equal(error.code, "ENOENT");
          });
      }
      await fs.rename(current, `${current}.1`);
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    const files = (await drain()).sort((a, b) => a.names.length - b.names.length);
    assert.equal(files.length, 4);
    const contents = await Promise.all(
      files.map(async ({ uid }) => (await stored(uid)).toString()),
    );
    assert.deepEqual(contents.sort(), generations.sort());
    assert.ok(files.some(({ names }) => names.includes("raylet.out.1")));
  });

  it("takes a file that was truncated and written anew for another one", async () => {
    await start();
    const file = join(logs, "raylet.out");
    await fs.writeFile(file, "first life, long enough\n");
    await waitForStored(1);
    await fs.writeFile(file, "second\n");
    await waitForStored(2);
    // Longer than before: only the first bytes tell.
    await fs.writeFile(file, "third life, and this one is longer than both\n");
    const files = await drain();
    const contents = await Promise.all(
      files.map(async ({ uid }) => (await stored(uid)).toString()),
    );
    assert.deepEqual(contents, [
      "first life, long enough\n",
      "second\n",
      "third life, and this one is longer than both\n",
    ]);
  });

  it("takes a recreated or rewritten file of the same size for another one", async () => {
    await start();
    const file = join(logs, "worker.out");
    const lives = ["life 1\n", "life 2\n", "life 3\n", "life 4\n"];
    for (const [index, life] of lives.entries()) {
      // Deleted and made again (its inode comes back), then written over in place.
      if (index < 3) {
        await fs.rm(file, { force: true });
      }
      await fs.writeFile(file, life);
      await waitForStored(index + 1);
    }
    const files = await drain();
    const contents = await Promise.all(
      files.map(async ({ uid }) => (await stored(uid)).toString()),
    );
    assert.deepEqual(contents, lives);
    assert.equal(new Set(files.map(({ uid }) => uid)).size, lives.length);
  });

  it("sees, after a restart, that a file was replaced by one of the same size", async () => {
    const file = join(logs, "worker.out");
    await fs.writeFile(file, "before\n");
    await start();
    await waitForStored(1);
    await bed.service.end("SIGKILL");
    await fs.rm(file);
    await fs.writeFile(file, "after!\n");
    await start();
    const files = await drain();
    const contents = await Promise.all(
      files.map(async ({ uid }) => (await stored(uid)).toString()),
    );
    assert.deepEqual(contents, ["before\n", "after!\n"]);
  });

  it("goes on after a kill -9 where it was: nothing lost, nothing twice", async () => {
    const file = join(logs, "job-driver-raysubmit_1.log");
    let text = "";
    for (let run = 0; run < 3; run++) {
      await start();
      for (let line = 0; line < 150; line++) {
        const more = `run ${run} line ${line}\n`;
        await fs.appendFile(file, more);
        text += more;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await new Promise((resolve) => setTimeout(resolve, run * 130));
      await bed.service.end("SIGKILL");
    }
    await start();
    const [only, ...others] = await drain();
    assert.deepEqual(others, []);
    await expectStored(only, Buffer.from(text));
    const { rows } = await bed.lake.query(
      `SELECT count(*) AS n, count(DISTINCT byte_start) AS starts, max(job_id) AS job FROM raylogs`,
    );
    const [row] = rows;
    assert.equal(row!["n"], row!["starts"]);
    assert.equal(row!["job"], "raysubmit_1");
  });

  it("keeps the bytes of a file that was deleted while the lake was down", async () => {
    const relay = await startRelay(bed.server.options.endpoint!);
    await start({ MLP_LAKE_ENDPOINT: relay.endpoint });
    await relay.cut();
    const file = join(logs, "worker.out");
    await fs.writeFile(file, "soon gone\n");
    await new Promise((resolve) => setTimeout(resolve, 400));
    await fs.rm(file);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await relay.restore();
    const [only] = await drain();
    await relay.stop();
    await expectStored(only, Buffer.from("soon gone\n"));
  });

  it("writes parts that an independent reader reads the same", async () => {
    await start();
    const lines = Array.from(
      { length: 500 },
      (_, index) => `2026-11-23 10:00:00 INFO line ${index} ü`,
    );
    await fs.writeFile(join(logs, "raylet.out"), `${lines.join("\n")}\n`);
    await drain();
    const read: { text: string; start: bigint; level: string }[] = [];
    for await (const { key } of listObjects(bed.store, "raylogs/namespace=")) {
      const bytes = await bed.store.get(key);
      const file = new Uint8Array(bytes).buffer;
      for (const row of await parquetReadObjects({ file, compressors })) {
        read.push({
          text: row["text"] as string,
          start: row["byte_start"] as bigint,
          level: row["level"] as string,
        });
      }
    }
    read.sort((a, b) => Number(a.start - b.start));
    assert.deepEqual(
      read.map(({ text }) => text),
      lines,
    );
    assert.ok(read.every(({ level }) => level === "INFO"));
  });

  it("refuses a second instance, and a state directory of another node", async () => {
    await start();
    await fs.writeFile(join(logs, "raylet.out"), "line\n");
    await waitForStored(1);
    const settings = {
      ...bed.server.environment,
      MLP_NAMESPACE: node.namespace,
      MLP_CLUSTER: node.cluster,
      MLP_RAY_DIR: join(bed.folder, "ray"),
      MLP_STATE_DIR: join(bed.folder, "state"),
    };
    const second = startChildService("logOffloader", { ...settings, MLP_NODE: node.node });
    await new Promise((resolve) => second.child.once("close", resolve));
    assert.match(second.output(), /is in use by another running process/);
    await drain();
    const other = startChildService("logOffloader", { ...settings, MLP_NODE: "worker-1" });
    await new Promise((resolve) => other.child.once("close", resolve));
    assert.equal(other.child.exitCode, 1);
    assert.match(other.output(), /belongs to another node/);
  });

  it("names every unusable setting in one line and exits with 2", async () => {
    const bad = startChildService("logOffloader", {
      MLP_ROLE: "boss",
      MLP_POLL_INTERVAL_MS: "1.5",
    });
    await new Promise((resolve) => bad.child.once("close", resolve));
    assert.equal(bad.child.exitCode, 2);
    const lines = bad.output().trim().split("\n");
    assert.equal(lines.length, 1);
    for (const setting of ["MLP_LAKE_BUCKET", "MLP_CLUSTER", "MLP_ROLE", "MLP_POLL_INTERVAL_MS"]) {
      assert.ok(lines[0]!.includes(setting), setting);
    }
  });
});
