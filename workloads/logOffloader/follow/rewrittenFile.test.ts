import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openSegmentLog, type SegmentLog } from "@mlplatform/lake/segmentLog/segmentLog";
import { decodeChunk } from "../state/logChunk";
import { recoverFiles } from "./recoverFiles";
import { makeTailer, type Tailer } from "./tailer";

const head = "NodeManager:\n".padEnd(2_000, "same first bytes\n");
const mib = 1 << 20;
// Longer than a tick of the clock that stamps a change.
const settledMs = 80;

describe("tailer of a file that is written anew in place", () => {
  let folder: string;
  let file: string;
  let log: SegmentLog;
  let tailer: Tailer;

  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-tailer-"));
    const logs = join(folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
    await fs.mkdir(logs, { recursive: true });
    file = join(logs, "debug_state.txt");
    await start();
  });
  afterEach(async () => {
    await tailer.close();
    await log.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    log = await openSegmentLog({
      directory: join(folder, "log"),
      segmentBytes: 8 * mib,
      maxBytes: 256 * mib,
      maxPendingBytes: 64 * mib,
    });
    tailer = makeTailer({
      log,
      rayDirectory: join(folder, "ray"),
      partialLineMs: 0,
      files: await recoverFiles(undefined, log),
      onRead: () => undefined,
      onFileError: (name, error) => assert.fail(`${name}: ${String(error)}`),
    });
  }

  /** Polls until two looks found nothing, as the drain does. Returns the bytes read. */
  async function settle(): Promise<number> {
    let bytes = 0;
    for (let quiet = 0; quiet < 2;) {
      const read = await tailer.poll(true);
      bytes += read;
      quiet = read === 0 ? quiet + 1 : 0;
    }
    return bytes;
  }

  /** What each life of the file holds, oldest first. */
  async function lives(): Promise<Buffer[]> {
    await log.seal();
    const byUid = new Map<string, Buffer[]>();
    for (const segment of log.sealed()) {
      for await (const { payload } of log.read(segment)) {
        const { chunk, bytes } = decodeChunk(payload);
        byUid.set(chunk.facts.uid, [...(byUid.get(chunk.facts.uid) ?? []), Buffer.from(bytes)]);
      }
    }
    return [...byUid.values()].map((chunks) => Buffer.concat(chunks));
  }

  const texts = async () => (await lives()).map((life) => life.toString());

  for (const pause of [0, settledMs]) {
    it(`takes another content of the same size for another life, ${pause} ms later`, async () => {
      await fs.writeFile(file, `${head}tick 1\n`);
      await settle();
      await sleep(pause);
      await tailer.poll(false);
      await fs.writeFile(file, `${head}tick 2\n`);
      await settle();
      assert.deepEqual(await texts(), [`${head}tick 1\n`, `${head}tick 2\n`]);
    });
  }

  it("takes a longer content with the same first bytes for another life", async () => {
    await fs.writeFile(file, `${head}tick 9\n`);
    await settle();
    await fs.writeFile(file, `${head}tick 10\nand more\n`);
    await settle();
    assert.deepEqual(await texts(), [`${head}tick 9\n`, `${head}tick 10\nand more\n`]);
  });

  it("sees it although the time of modification was set back", async () => {
    await fs.writeFile(file, `${head}tick 1\n`);
    const { atime, mtime } = await fs.stat(file);
    await settle();
    await sleep(settledMs);
    await tailer.poll(false);
    await fs.writeFile(file, `${head}tick 2\n`);
    await fs.utimes(file, atime, mtime);
    await settle();
    assert.equal((await texts()).length, 2);
  });

  it("ships nothing twice when a file is touched, or written with what it held", async () => {
    await fs.writeFile(file, `${head}tick 1\n`);
    await settle();
    const now = new Date();
    await fs.utimes(file, now, now);
    assert.equal(await settle(), 0);
    await fs.writeFile(file, `${head}tick 1\n`);
    assert.equal(await settle(), 0);
    await fs.appendFile(file, "more\n");
    assert.equal(await settle(), 5);
    assert.deepEqual(await texts(), [`${head}tick 1\nmore\n`]);
  });

  it("sees a change in the middle of a large file that didn't grow", async () => {
    const old = Buffer.alloc(9 * mib, "0123456789abcde\n");
    await fs.writeFile(file, old);
    await settle();
    await sleep(settledMs);
    const middle = Buffer.from(old);
    middle.write("x", 4 * mib);
    await fs.writeFile(file, middle);
    assert.equal(await settle(), middle.length);
    assert.deepEqual(
      (await lives()).map((life) => [life.equals(old), life.equals(middle)]),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  it("doesn't read a large file again because it was renamed", async () => {
    await fs.writeFile(file, Buffer.alloc(9 * mib, "0123456789abcde\n"));
    await settle();
    await fs.rename(file, `${file}.1`);
    assert.equal(await settle(), 0);
    assert.deepEqual(tailer.files()[0]!.facts.names, ["debug_state.txt", "debug_state.txt.1"]);
  });

  it("sees at once that a large file was written anew between its ends while it grew", async () => {
    const old = Buffer.alloc(9 * mib, "0123456789abcde\n");
    await fs.writeFile(file, old);
    await settle();
    const anew = Buffer.concat([old, Buffer.from("more\n")]);
    anew.fill("another content\n", 1024, old.length - 1024);
    await fs.writeFile(file, anew);
    assert.equal(await settle(), anew.length);
    const end = Buffer.concat([anew, Buffer.from("more\n")]);
    end.write("x", anew.length - 100);
    await fs.writeFile(file, end);
    assert.equal(await settle(), end.length);
  });

  it("sees a change of one byte in the middle while the file grows, within a look a block", async () => {
    const blocks = (2 * mib) / (64 << 10);
    await fs.writeFile(file, Buffer.alloc(2 * mib, "0123456789abcde\n"));
    await settle();
    const handle = await fs.open(file, "r+");
    await handle.write("x", mib);
    await handle.close();
    let looks = 0;
    for (let read = 0; read < 2 * mib && looks <= blocks; looks++) {
      await fs.appendFile(file, "more\n");
      read = await tailer.poll(false);
    }
    assert.ok(looks > 1 && looks <= blocks, `${looks} looks`);
    const all = await lives();
    assert.equal(all.length, 2);
    assert.ok(all[1]!.equals(await fs.readFile(file)));
  });

  it("sees after a restart what was written anew meanwhile, and what was not", async () => {
    const steady = join(dirname(file), "raylet.out");
    await fs.writeFile(file, `${head}tick 1\n`);
    await fs.writeFile(steady, "steady\n");
    await settle();
    await tailer.close();
    await log.close();
    await fs.writeFile(file, `${head}tick 2\n`);
    await start();
    await settle();
    await fs.appendFile(steady, "more\n");
    await settle();
    const expected = [`${head}tick 1\n`, `${head}tick 2\n`, "steady\nmore\n"];
    assert.deepEqual((await texts()).sort(), expected.sort());
    assert.deepEqual(
      tailer.files().map(({ readSha256 }) => readSha256 === null),
      [false, false, false],
    );
  });
});
