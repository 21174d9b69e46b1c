import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { openSegmentLog, type SegmentLog, SegmentLogFullError } from "./segmentLog";
import { frameHeaderBytes, segmentHeaderBytes } from "./segmentFile";

const seed = 20261123;

async function contentOf(log: SegmentLog): Promise<string[]> {
  const found: string[] = [];
  for (const segment of log.sealed()) {
    for await (const { payload } of log.read(segment)) {
      found.push(payload.toString("latin1"));
    }
  }
  return found;
}

describe("segment log", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await fs.mkdtemp(join(tmpdir(), "mlplatform-log-"));
  });
  afterEach(() => fs.rm(directory, { recursive: true, force: true }));

  async function written(records: string[], name = "log"): Promise<string> {
    const folder = join(directory, name);
    const log = await openSegmentLog({ directory: folder });
    for (const record of records) {
      await log.append([Buffer.from(record, "latin1")]);
    }
    await log.close();
    return join(folder, "segment-000000000001.log");
  }

  it("gives back every record in order after a close and after a reopen", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 64, max: 2000 }),
        async (records, segmentBytes) => {
          const folder = await fs.mkdtemp(join(directory, "run-"));
          const log = await openSegmentLog({ directory: folder, segmentBytes });
          await Promise.all(
            records.map((record) => log.append([record.subarray(0, 3), record.subarray(3)])),
          );
          await log.close();
          const expected = records.map((record) => Buffer.from(record).toString("latin1"));
          assert.deepEqual(await contentOf(log), expected);
          const again = await openSegmentLog({ directory: folder, segmentBytes });
          assert.deepEqual(await contentOf(again), expected);
          assert.equal(again.recovery.tornBytes + again.recovery.damagedBytes, 0);
          await again.close();
        },
      ),
      { seed: seed, numRuns: 25 },
    );
  });

  it("keeps exactly the whole records when the file is cut at any byte", async () => {
    const records = ["first", "", "third record", "x".repeat(50)];
    const bytes = await fs.readFile(await written(records));
    const ends = [segmentHeaderBytes];
    for (const record of records) {
      ends.push(ends.at(-1)! + frameHeaderBytes + record.length);
    }
    assert.equal(ends.at(-1), bytes.length);
    for (let cut = 0; cut < bytes.length; cut++) {
      const folder = join(directory, `cut-${cut}`);
      await fs.mkdir(folder);
      await fs.writeFile(join(folder, "segment-000000000001.log"), bytes.subarray(0, cut));
      const log = await openSegmentLog({ directory: folder });
      const whole = ends.slice(1).filter((end) => end <= cut).length;
      assert.deepEqual(await contentOf(log), records.slice(0, whole), `cut at ${cut}`);
      assert.equal(log.recovery.damagedBytes, 0, `cut at ${cut}`);
      const { sequence } = await log.append([Buffer.from("after")]);
      assert.equal(sequence, 2, `cut at ${cut}: the number of the torn segment isn't used again`);
      await log.close();
    }
  });

  it("loses only the record in which a bit flipped, and keeps a copy of the damaged file", async () => {
    const records = ["alpha", "beta", "gamma"];
    const bytes = await fs.readFile(await written(records));
    const end = segmentHeaderBytes + 2 * frameHeaderBytes + "alphabeta".length;
    for (let at = segmentHeaderBytes; at < end; at++) {
      const folder = join(directory, `flip-${at}`);
      await fs.mkdir(folder);
      const flipped = Buffer.from(bytes);
      flipped[at] = flipped[at]! ^ (1 << (at % 8));
      const file = join(folder, "segment-000000000001.log");
      await fs.writeFile(file, flipped);
      const log = await openSegmentLog({ directory: folder });
      const isFirst = at < segmentHeaderBytes + frameHeaderBytes + "alpha".length;
      const expected = isFirst ? ["beta", "gamma"] : ["alpha", "gamma"];
      assert.deepEqual(await contentOf(log), expected, `byte ${at}`);
      assert.ok(log.recovery.damagedBytes > 0);
      assert.deepEqual(await fs.readFile(`${file}.damaged`), flipped);
      await log.close();
    }
  });

  it("keeps a copy of a segment whose header is damaged, and says so", async () => {
    const file = await written(["alpha", "beta"]);
    const bytes = await fs.readFile(file);
    bytes[10] = bytes[10]! ^ 1;
    await fs.writeFile(file, bytes);
    const log = await openSegmentLog({ directory: dirname(file) });
    assert.deepEqual(await contentOf(log), []);
    assert.equal(log.recovery.damagedBytes, bytes.length);
    assert.deepEqual(await fs.readFile(`${file}.damaged`), bytes);
    await log.close();
  });

  it("refuses to start on a segment of another version, and leaves it as it is", async () => {
    const file = await written(["alpha"]);
    const bytes = await fs.readFile(file);
    bytes.write("MLPSEG01", 0, "latin1");
    await fs.writeFile(file, bytes);
    await assert.rejects(openSegmentLog({ directory: dirname(file) }), /its format is MLPSEG01/);
    assert.deepEqual(await fs.readFile(file), bytes);
  });

  it("takes no record from a segment file that was stored as a payload", async () => {
    const inner = await fs.readFile(await written(["inner one", "inner two"], "inner"));
    const file = await written(["outer"], "outer");
    const outer = await openSegmentLog({ directory: dirname(file) });
    await outer.append([inner]);
    await outer.close();
    const second = join(dirname(file), "segment-000000000002.log");
    const bytes = await fs.readFile(second);
    // The outer frame's own head is damaged: the search runs through the inner frames.
    bytes[segmentHeaderBytes + 5] = 0xff;
    await fs.writeFile(second, bytes);
    const log = await openSegmentLog({ directory: dirname(file) });
    assert.deepEqual(await contentOf(log), ["outer"]);
    await log.close();
  });

  it("syncs once for many records that wait together", async () => {
    const log = await openSegmentLog({ directory });
    const probe = await fs.open(join(directory, "probe"), "w");
    const prototype = Object.getPrototypeOf(probe) as { datasync: () => Promise<void> };
    await probe.close();
    const { datasync } = prototype;
    let syncs = 0;
    prototype.datasync = function counted() {
      syncs += 1;
      return datasync.call(this);
    };
    try {
      const records = Array.from({ length: 1000 }, (_, index) => Buffer.from(`record ${index}`));
      const places = await Promise.all(records.map((record) => log.append([record])));
      assert.equal(new Set(places.map(({ offset }) => offset)).size, 1000);
    } finally {
      prototype.datasync = datasync;
    }
    assert.ok(syncs >= 1 && syncs <= 20, `${syncs} syncs for 1000 records`);
    await log.close();
  });

  it("rejects what a failing disk didn't take, keeps what it acknowledged, and works on", async () => {
    const log = await openSegmentLog({ directory });
    await log.append([Buffer.from("kept")]);
    const probe = await fs.open(join(directory, "probe"), "w");
    const prototype = Object.getPrototypeOf(probe) as { datasync: () => Promise<void> };
    await probe.close();
    const { datasync } = prototype;
    prototype.datasync = () => Promise.reject(Object.assign(new Error("EIO"), { code: "EIO" }));
    try {
      await assert.rejects(log.append([Buffer.from("refused")]), { code: "EIO" });
    } finally {
      prototype.datasync = datasync;
    }
    await log.append([Buffer.from("later")]);
    await log.close();
    const again = await openSegmentLog({ directory });
    assert.deepEqual(await contentOf(again), ["kept", "later"]);
    await again.close();
  });

  it("refuses a record beyond its bound and takes it when a segment was removed", async () => {
    const log = await openSegmentLog({ directory, maxBytes: 1000 });
    await log.append([Buffer.alloc(800)]);
    await assert.rejects(log.append([Buffer.alloc(300)]), SegmentLogFullError);
    await log.seal();
    await log.remove(log.sealed()[0]!);
    await log.append([Buffer.alloc(300)]);
    assert.equal(log.size().openRecords, 1);
    await log.close();
  });

  it("never uses a number again, even when all segments were removed before a restart", async () => {
    for (let sequence = 1; sequence <= 3; sequence++) {
      const log = await openSegmentLog({ directory });
      assert.equal((await log.append([Buffer.from("x")])).sequence, sequence);
      await log.close();
      await log.remove(log.sealed()[0]!);
    }
  });

  it("uses no number that the disk didn't take note of", async () => {
    const log = await openSegmentLog({ directory });
    const { rename } = fs;
    fs.rename = () => Promise.reject(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }));
    try {
      await assert.rejects(log.append([Buffer.from("no room")]), { code: "ENOSPC" });
    } finally {
      fs.rename = rename;
    }
    const { sequence } = await log.append([Buffer.from("room again")]);
    await log.close();
    await log.remove(log.sealed()[0]!);
    const again = await openSegmentLog({ directory });
    assert.equal((await again.append([Buffer.from("next")])).sequence, sequence + 1);
    await again.close();
  });

  it("refuses to start when the record of used numbers is garbage", async () => {
    await fs.writeFile(join(directory, "highest-sequence"), "\0\0\0");
    await assert.rejects(openSegmentLog({ directory }), /highest-sequence must hold one number/);
  });
});
