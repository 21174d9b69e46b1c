import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { removeTemporaryFiles } from "../segmentLog/durableFile";
import { type Cell, openParquetEngine, type ParquetEngine, writeParquet } from "./parquetEngine";
import { ColumnType, type TableShape } from "../tables/tableShape";

const seed = 20261123;
const shape: TableShape = {
  columns: [
    { name: "id", type: ColumnType.Long },
    { name: "text", type: ColumnType.Text },
    { name: "raw", type: ColumnType.Bytes },
    { name: "time", type: ColumnType.Timestamp },
    { name: "flag", type: ColumnType.Flag },
  ],
  key: ["id"],
};

describe("parquet engine", () => {
  let folder: string;
  let engine: ParquetEngine;

  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-parquet-"));
    engine = await openParquetEngine({ temporaryDirectory: join(folder, "spill") });
  });
  afterEach(async () => {
    engine.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  const row = fc.tuple(
    fc.option(
      fc
        .string({ unit: "binary", maxLength: 30 })
        .filter((text) => Buffer.from(text).toString() === text),
    ),
    fc.option(fc.uint8Array({ maxLength: 30 })),
    fc.option(fc.bigInt({ min: -(2n ** 40n), max: 2n ** 50n })),
    fc.option(fc.boolean()),
  );

  it("gives the same bytes for the same rows in any order, and back the same values", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 60 }), fc.nat(1000), async (cells, turn) => {
        const rows = cells.map(([text, raw, time, flag], index): Cell[] => [
          BigInt(index),
          text,
          raw,
          time,
          flag,
        ]);
        const turned = rows.map((_, index) => rows[(index + turn) % rows.length]!);
        const one = await writeParquet(engine, shape, rows, join(folder, "one.parquet"));
        const two = await writeParquet(engine, shape, turned, join(folder, "two.parquet"));
        assert.equal(one.rows, rows.length);
        assert.equal(one.sha256, two.sha256);
        const reader = await engine.connection.runAndReadAll(
          "SELECT id, text, raw, epoch_us(time) AS time, flag FROM " +
            `read_parquet('${one.file}') ORDER BY id`,
        );
        const read = reader.getRowsJS().map((each) => each.map(plain));
        assert.deepEqual(
          read,
          rows.map((each) => each.map(plain)),
        );
      }),
      { seed: seed, numRuns: 30 },
    );
  });

  it("writes the same bytes from another process's engine, over several row groups", async () => {
    const rows = () =>
      Array.from({ length: 120_000 }, (_, id): Cell[] => [
        BigInt((id * 7919) % 120_000),
        `line ${id % 97}`,
        null,
        BigInt(id),
        true,
      ]);
    const one = await writeParquet(engine, shape, rows(), join(folder, "one.parquet"));
    const other = await openParquetEngine({ temporaryDirectory: folder, memoryMiB: 512 });
    const two = await writeParquet(other, shape, rows(), join(folder, "two.parquet"));
    other.close();
    assert.equal(one.sha256, two.sha256);
    assert.equal(one.rows, 120_000);
  });

  it("leaves no file when the rows fail on the way", async () => {
    function* rows(): Generator<Cell[]> {
      yield [1n, "a", null, null, null];
      throw new Error("source broke");
    }
    await assert.rejects(writeParquet(engine, shape, rows(), join(folder, "x.parquet")), /broke/);
    assert.deepEqual(
      (await fs.readdir(folder)).filter((name) => name.includes("parquet")),
      [],
    );
  });

  it("shows no final name when it is killed between the temporary file and the rename", async () => {
    const target = join(folder, "killed.parquet");
    const script = `
      const fs = require("node:fs");
      const { openParquetEngine, writeParquet } = require("./parquetEngine");
      const { ColumnType } = require("../tables/tableShape");
      fs.promises.rename = () => {
        process.kill(process.pid, "SIGKILL");
        return new Promise(() => {});
      };
      const shape = { columns: [{ name: "id", type: ColumnType.Long }], key: ["id"] };
      openParquetEngine({ temporaryDirectory: ${JSON.stringify(folder)} })
        .then((engine) => writeParquet(engine, shape, [[1n]], ${JSON.stringify(target)}));`;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", script], {
      cwd: __dirname,
      stdio: "inherit",
    });
    const signal = await new Promise((resolve) =>
      child.once("exit", (_code, name) => resolve(name)),
    );
    assert.equal(signal, "SIGKILL");
    const names = await fs.readdir(folder);
    assert.ok(!names.includes("killed.parquet"));
    assert.ok(
      names.some((name) => name.endsWith(".tmp")),
      "the kill came after the temporary file",
    );
    assert.equal(await removeTemporaryFiles(folder), 1);
  });
});

function plain(cell: unknown): unknown {
  return cell instanceof Uint8Array ? Buffer.from(cell).toString("hex") : cell;
}
