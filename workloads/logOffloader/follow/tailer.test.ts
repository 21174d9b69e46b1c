import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import * as fc from "fast-check";
import { openSegmentLog, type SegmentLog } from "@mlplatform/lake/segmentLog/segmentLog";
import { decodeChunk } from "../state/logChunk";
import { recoverFiles } from "./recoverFiles";
import { makeTailer, type Tailer } from "./tailer";

const seed = 20261127;
const session = "session_2026-11-23_10-00-00_000001_1";
const fileNames = ["raylet.out", "worker.out"];
const backups = 3;
const mib = 1 << 20;

/** A tailer on a folder of its own. */
interface Bed {
  folder: string;
  logs: string;
  errors: string[];
  tailer: Tailer;
  /** Polls until two looks found nothing. */
  settle(): Promise<void>;
  /** What each life of a file holds, oldest first. */
  lives(): Promise<string[]>;
  restart(): Promise<void>;
  end(): Promise<void>;
}

async function makeBed(): Promise<Bed> {
  const folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-tailer-"));
  const logs = join(folder, "ray", session, "logs");
  await fs.mkdir(logs, { recursive: true });
  const errors: string[] = [];
  let log: SegmentLog;
  const start = async () => {
    log = await openSegmentLog({
      directory: join(folder, "log"),
      segmentBytes: 8 * mib,
      maxBytes: 256 * mib,
      maxPendingBytes: 64 * mib,
      syncsRecords: false,
    });
    bed.tailer = makeTailer({
      log,
      rayDirectory: join(folder, "ray"),
      partialLineMs: 0,
      files: await recoverFiles(undefined, log),
      onRead: () => undefined,
      onFileError: (name, error) => errors.push(`${basename(name)}: ${String(error)}`),
    });
  };
  const stop = async () => {
    await bed.tailer.close();
    await log.close();
  };
  const bed: Bed = {
    folder,
    logs,
    errors,
    tailer: undefined as unknown as Tailer,
    async settle() {
      for (let quiet = 0; quiet < 2;) {
        quiet = (await bed.tailer.poll(true)) === 0 ? quiet + 1 : 0;
      }
    },
    async lives() {
      await log.seal();
      const byUid = new Map<string, Buffer[]>();
      for (const segment of log.sealed()) {
        for await (const { payload } of log.read(segment)) {
          const { chunk, bytes } = decodeChunk(payload);
          const known = byUid.get(chunk.facts.uid) ?? [];
          assert.equal(
            known.reduce((sum, each) => sum + each.length, 0),
            chunk.start,
          );
          byUid.set(chunk.facts.uid, [...known, Buffer.from(bytes)]);
        }
      }
      return [...byUid.values()].map((chunks) => Buffer.concat(chunks).toString());
    },
    async restart() {
      await stop();
      await start();
    },
    async end() {
      await stop();
      await fs.rm(folder, { recursive: true, force: true });
    },
  };
  await start();
  return bed;
}

type Operation =
  | { kind: "append" | "rewrite"; name: string; text: string }
  | { kind: "rotate" | "remove" | "copyTruncate"; name: string }
  | { kind: "restart" };

/** What the files are, in memory: a life is a content from its first byte to its last. */
class FileModel {
  readonly lives: { content: string }[] = [];
  private readonly files = new Map<string, { content: string }>();

  private begin(name: string, content: string): void {
    const life = { content };
    this.lives.push(life);
    this.files.set(name, life);
  }

  apply(operation: Operation): void {
    if (operation.kind === "restart") {
      return;
    }
    const { name } = operation;
    const file = this.files.get(name);
    if (operation.kind === "append") {
      if (file === undefined) {
        this.begin(name, operation.text);
      } else {
        file.content += operation.text;
      }
    } else if (operation.kind === "rewrite") {
      // Content that only goes on is the same life to whoever looks later.
      if (file !== undefined && operation.text.startsWith(file.content)) {
        file.content = operation.text;
      } else {
        this.begin(name, operation.text);
      }
    } else if (operation.kind === "copyTruncate") {
      if (file !== undefined) {
        this.begin(`${name}.copy`, file.content);
        this.files.delete(name);
      }
    } else if (operation.kind === "remove") {
      this.files.delete(name);
    } else if (file !== undefined) {
      for (let index = backups; index >= 1; index--) {
        const from = index === 1 ? name : `${name}.${index - 1}`;
        const moved = this.files.get(from);
        if (moved === undefined) {
          this.files.delete(`${name}.${index}`);
        } else {
          this.files.set(`${name}.${index}`, moved);
        }
        this.files.delete(from);
      }
    }
  }
}

async function perform(bed: Bed, operation: Operation): Promise<void> {
  if (operation.kind === "restart") {
    return bed.restart();
  }
  const file = join(bed.logs, operation.name);
  const ignoreAbsent = (error: NodeJS.ErrnoException) => assert.equal(error.code, "ENOENT");
  if (operation.kind === "append") {
    await fs.appendFile(file, operation.text);
  } else if (operation.kind === "rewrite") {
    await fs.writeFile(file, operation.text);
  } else if (operation.kind === "remove") {
    await fs.rm(file, { force: true });
  } else if (operation.kind === "copyTruncate") {
    await fs.rm(`${file}.copy`, { force: true });
    await fs.copyFile(file, `${file}.copy`).catch(ignoreAbsent);
    await fs.rm(file, { force: true });
  } else {
    const exists = await fs.access(file).then(
      () => true,
      () => false,
    );
    for (let index = backups; exists && index >= 1; index--) {
      const from = index === 1 ? file : `${file}.${index - 1}`;
      await fs.rm(`${file}.${index}`, { force: true });
      await fs.rename(from, `${file}.${index}`).catch(ignoreAbsent);
    }
  }
}

describe("tailer", function () {
  this.timeout(120_000);
  let bed: Bed;
  beforeEach(async () => {
    bed = await makeBed();
  });
  afterEach(() => bed.end());

  const at = (name: string) => join(bed.logs, name);
  async function expectLives(...expected: string[]): Promise<void> {
    await bed.settle();
    assert.deepEqual((await bed.lives()).sort(), expected.sort());
    assert.deepEqual(bed.errors, []);
  }

  it("has every life of every file whole, whatever happens to the files between two looks", async () => {
    const name = fc.constantFrom(...fileNames);
    const text = fc.stringMatching(/^[ab\n]{1,12}$/);
    const operation: fc.Arbitrary<Operation> = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant("append" as const), name, text }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("rewrite" as const), name, text }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("rotate" as const), name }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), name }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("copyTruncate" as const), name }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 14 }), async (operations) => {
        const own = await makeBed();
        try {
          const model = new FileModel();
          for (const each of operations) {
            model.apply(each);
            await perform(own, each);
            await own.settle();
          }
          const expected = model.lives.map(({ content }) => content);
          assert.deepEqual((await own.lives()).sort(), expected.sort());
          assert.deepEqual(own.errors, []);
        } finally {
          await own.end();
        }
      }),
      { seed: seed, numRuns: 60 },
    );
  });

  it("reads a file of one line that is shorter than a fingerprint, and no empty one", async () => {
    await fs.writeFile(at("empty.out"), "");
    await fs.writeFile(at("one.out"), "x");
    await expectLives("x");
    assert.equal(bed.tailer.files().length, 1);
  });

  it("goes through no link, and counts a hard link once", async () => {
    await fs.writeFile(at("real.out"), "real\n");
    await fs.link(at("real.out"), at("hard.out"));
    await fs.symlink(at("real.out"), at("soft.out"));
    await fs.symlink(bed.logs, at("loop"));
    await fs.symlink(session, join(bed.folder, "ray", "session_latest"));
    // What the sidecar can read and Ray's own container can't.
    const secret = join(bed.folder, "secret");
    await fs.mkdir(secret);
    await fs.writeFile(join(secret, "token"), "secret\n");
    const linked = join(bed.folder, "ray", "session_2026-11-25_10-00-00_000001_1");
    await fs.mkdir(linked);
    await fs.symlink(secret, join(linked, "logs"));
    await expectLives("real\n");
  });

  it("reads on in the old session when session_latest moves", async () => {
    await fs.writeFile(at("raylet.out"), "old\n");
    await bed.settle();
    const next = join(bed.folder, "ray", "session_2026-11-24_10-00-00_000001_1", "logs");
    await fs.mkdir(next, { recursive: true });
    await fs.symlink(dirname(next), join(bed.folder, "ray", "session_latest"));
    await fs.writeFile(join(next, "raylet.out"), "new\n");
    await fs.appendFile(at("raylet.out"), "late\n");
    await expectLives("old\nlate\n", "new\n");
  });

  it(
    "doesn't read the compressed copy of a file that it read, but one whose original it never " +
      "saw",
    async () => {
      await fs.writeFile(at("raylet.out.1"), "text\n");
      await bed.settle();
      await fs.writeFile(at("raylet.out.1.gz"), "compressed");
      await fs.rm(at("raylet.out.1"));
      await fs.writeFile(at("other.log.gz"), "alone");
      await expectLives("text\n", "alone");
    },
  );

  it("has a line whole that grows byte by byte, in the middle of its characters", async () => {
    const text = Buffer.from("größe 🙂\n");
    for (const byte of text) {
      await fs.appendFile(at("worker.out"), Buffer.from([byte]));
      await bed.tailer.poll(false);
    }
    await expectLives(text.toString());
  });

  it("reads a file that is deleted while it is open to its end", async () => {
    await fs.writeFile(at("worker.out"), "first\n");
    await bed.settle();
    const writer = await fs.open(at("worker.out"), "a");
    await fs.rm(at("worker.out"));
    await writer.write("after its name was gone\n");
    await expectLives("first\nafter its name was gone\n");
    await writer.close();
  });

  it("keeps two processes' lines in the order of the file", async () => {
    const writers = await Promise.all([0, 1].map(() => fs.open(at("worker.out"), "a")));
    let expected = "";
    for (let line = 0; line < 100; line++) {
      const text = `writer ${line % 2} line ${line}\n`;
      await writers[line % 2]!.write(text);
      expected += text;
      await bed.tailer.poll(false);
    }
    await Promise.all(writers.map((writer) => writer.close()));
    await expectLives(expected);
  });

  it("holds few descriptors for many files, and sees each of them grow", async () => {
    const names = Array.from({ length: 1_500 }, (_, index) => `worker-${index}.out`);
    await Promise.all(names.map((name) => fs.writeFile(at(name), `${name}\n`)));
    await bed.settle();
    const open = bed.tailer.files().filter(({ handle }) => handle !== undefined).length;
    assert.ok(open <= 450, `${open} descriptors`);
    await Promise.all(names.map((name) => fs.appendFile(at(name), "more\n")));
    await expectLives(...names.map((name) => `${name}\nmore\n`));
  });

  it("goes on with the others when one file can't be read, and reads that one later", async () => {
    await fs.writeFile(at("good.out"), "good\n");
    await bed.settle();
    const real = at("bad.out");
    await fs.writeFile(real, "bad\n");
    const failing = await fs.open(real, "r");
    const prototype = Object.getPrototypeOf(failing) as { read: (...args: unknown[]) => unknown };
    await failing.close();
    const { read } = prototype;
    prototype.read = () => Promise.reject(Object.assign(new Error("EIO"), { code: "EIO" }));
    await bed.tailer.poll(false);
    prototype.read = read;
    assert.match(bed.errors.join(), /bad\.out: Error: EIO/);
    bed.errors.length = 0;
    await expectLives("good\n", "bad\n");
  });
});
