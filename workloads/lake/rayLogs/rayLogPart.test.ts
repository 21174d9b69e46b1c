import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import * as fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { openParquetEngine, type ParquetEngine } from "../duckdb/parquetEngine";
import { encodeRayLogPart, type RayLogBytes } from "./rayLogPart";
import { seededRandom } from "../testbed/seededRandom";
import { rayLogShape } from "../tables/rayLogShape";

const seed = 20261123;
const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
const origin = { namespace: "n", cluster: "c's", rayjob: "", node: "head", role: "head" };

describe("a part of the Ray log table", function () {
  this.timeout(120_000);
  let engine: ParquetEngine;
  let folder: string;
  let file: string;
  let files = 0;

  before(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-part-"));
    engine = await openParquetEngine({
      temporaryDirectory: join(folder, "spill"),
    });
  });
  after(async () => {
    engine.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  const run = (bytes: Buffer, change: Partial<RayLogBytes> = {}): RayLogBytes => ({
    session: "session_1",
    file: "raylet.out",
    uid: "u1",
    start: 0,
    line: 1,
    lines: bytes.filter((byte) => byte === 0x0a).length,
    bytes,
    ...change,
  });

  // In the file's own order: nothing is sorted here.
  async function rowsOf(runs: RayLogBytes[]): Promise<Record<string, unknown>[]> {
    // DuckDB knows a file by its name, time and length: each one has its own name.
    file = join(folder, `part-${++files}.parquet`);
    await fs.writeFile(file, await encodeRayLogPart(origin, [...runs]));
    const reader = await engine.connection.runAndReadAll(
      `SELECT * REPLACE (coalesce(raw, encode(text)) AS raw) FROM read_parquet('${file}')`,
    );
    assert.deepEqual(
      reader.columnNames(),
      rayLogShape.columns.map(({ name }) => name),
    );
    assert.deepEqual(
      reader.columnTypes().map(String),
      rayLogShape.columns.map(({ type }) => type),
    );
    const rows = reader.getRowObjectsJS() as Record<string, unknown>[];
    // A second reader, of another origin, has to see the same.
    const bytes = new Uint8Array(await fs.readFile(file)).buffer;
    const others = await parquetReadObjects({ file: bytes, compressors, utf8: false });
    assert.equal(others.length, rows.length);
    others.forEach((other, row) => {
      for (const name of ["file_uid", "byte_start", "byte_end", "line_no", "ts", "level", "pid"]) {
        assert.deepEqual(other[name] ?? null, rows[row]![name], name);
      }
      if ((other["raw"] ?? null) === null) {
        // It decodes as this does, and both drop a byte order mark.
        assert.equal(other["text"], new TextDecoder().decode(rows[row]!["raw"] as Buffer));
      }
    });
    return rows;
  }

  function bytesOf(row: Record<string, unknown>): Buffer {
    const content = row["raw"] as Buffer;
    const length = Number(row["byte_end"]) - Number(row["byte_start"]);
    return content.length === length ? content : Buffer.concat([content, Buffer.from("\n")]);
  }

  it("stands for exactly the bytes it came from, whatever these are", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .constantFrom("\n", "\r\n", "\r", "\0", "ü", "🙂", "\u001b[31m", "\ufeff")
        .map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.nat(1e9), async (pieces, start) => {
        const bytes = Buffer.concat(pieces);
        const rows = await rowsOf([run(bytes, { start, line: 5 })]);
        assert.ok(Buffer.concat(rows.map(bytesOf)).equals(bytes));
        let position = start;
        rows.forEach((row, index) => {
          assert.equal(Number(row["byte_start"]), position);
          assert.equal(Number(row["line_no"]), 5 + index);
          position = Number(row["byte_end"]);
        });
        assert.equal(position, start + bytes.length);
      }),
      { seed: seed, numRuns: 150 },
    );
  });

  it("keeps lines of all lengths, with and without time, level and text, over many pages' blocks", async () => {
    const random = seededRandom(seed);
    const pick = (count: number) => Math.floor(random() * count);
    const lines = Array.from({ length: 5000 }, () => {
      const at = new Date(Date.UTC(2026, 10, 23) + pick(1e9)).toISOString();
      const head = ["", `${at} INFO `, `${at} `, "ERROR ", "caf\xe9 "][pick(5)]!;
      return head + "x".repeat(pick(pick(10) === 0 ? 3000 : 120));
    });
    const bytes = Buffer.from(`${lines.join("\n")}\n`, "latin1");
    const rows = await rowsOf([run(bytes, { start: 2 ** 40 })]);
    assert.ok(Buffer.concat(rows.map(bytesOf)).equals(bytes));
    rows.forEach(({ ts, level }, index) => {
      const [time, word] = /^(2026\S+Z)? ?(INFO|ERROR)?/.exec(lines[index]!)!.slice(1);
      assert.deepEqual(ts, time === undefined ? null : new Date(time));
      assert.equal(level, word ?? null);
    });
  });

  it("is in the key's order and the same file, however its bytes arrived", async () => {
    const text = (name: string) =>
      Buffer.from(Array.from({ length: 3000 }, (_, line) => `${name} line ${line} ü\n`).join(""));
    const first = text("first");
    const runs = [
      run(first, { uid: "b" }),
      run(text("second"), { uid: "b", start: first.length, line: 3001 }),
      ...Array.from({ length: 300 }, (_, index) =>
        run(Buffer.from("short\n"), { uid: `a${String(index).padStart(3, "0")}` }),
      ),
    ];
    const rows = await rowsOf(runs);
    const keys = rows.map(
      (row) => `${String(row["file_uid"])} ${String(row["byte_start"]).padStart(9, "0")}`,
    );
    assert.deepEqual(keys, [...keys].sort());
    const before = await fs.readFile(file);
    await rowsOf([...runs].reverse());
    assert.ok((await fs.readFile(file)).equals(before));
  });

  it("is the same file when others are encoded beside it", async () => {
    const inputs = [3000, 40, 1, 900, 5000, 2].map((lines, input) => {
      const text = Array.from({ length: lines }, (_, line) => `${input} ${line * 7919} ERROR\n`);
      return () => [run(Buffer.from(text.join("")), { uid: `u${input}` })];
    });
    const alone: Buffer[] = [];
    for (const input of inputs) {
      alone.push(await encodeRayLogPart(origin, input()));
    }
    const beside = await Promise.all(inputs.map((input) => encodeRayLogPart(origin, input())));
    beside.forEach((part, index) => assert.ok(part.equals(alone[index]!), `input ${index}`));
  });

  it("has what a line and its file's name tell", async () => {
    const worker = "a".repeat(56);
    const lines = [
      "2026-11-23 10:00:00,123 INFO x",
      "plain",
      '{"job_id": "02000000", "worker_id": "ab", "levelname": "ERROR"}',
      "caf\xe9",
    ];
    const rows = await rowsOf([
      run(Buffer.from(`${lines.join("\n")}\n`, "latin1"), {
        file: `worker-${worker}-01000000-77.out`,
      }),
    ]);
    const told = rows.map((row) =>
      ["ts", "level", "component", "worker_id", "job_id", "pid"].map((name) => row[name]),
    );
    const of = ["worker", worker, "01000000", 77];
    assert.deepEqual(told, [
      [new Date("2026-11-23T10:00:00.123Z"), "INFO", ...of],
      [null, null, ...of],
      [null, "ERROR", "worker", "ab", "02000000", 77],
      [null, null, ...of],
    ]);
    const raw = await engine.connection.runAndReadAll(
      `SELECT raw IS NOT NULL FROM read_parquet('${file}')`,
    );
    assert.deepEqual(raw.getRows().flat(), [false, false, false, true]);
    assert.equal(rows[0]!["cluster"], "c's");
    assert.equal(rows[0]!["rayjob"], "");
  });
});
