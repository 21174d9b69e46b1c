import { createHash } from "node:crypto";
import { createReadStream, promises as fs } from "node:fs";
import { dirname } from "node:path";
import type { DuckDBConnection, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { duckdb } from "./duckdb";
import { publishFile, temporaryPathBeside } from "../segmentLog/durableFile";
import { type Column, ColumnType, type TableShape } from "../tables/tableShape";

/**
 * A cell: string for Text, Uint8Array for Bytes, bigint for Long and Timestamp, number for Int and
 * Double.
 */
export type Cell = string | Uint8Array | bigint | number | boolean | null;

/** A finished file. */
export interface ParquetFile {
  file: string;
  rows: number;
  bytes: number;
  sha256: string;
}

/** Bounds of the engine. */
export interface ParquetEngineOptions {
  /** Where DuckDB spills beyond its memory. */
  temporaryDirectory: string;
  /** Mebibytes. @default 256 */
  memoryMiB?: number;
}

const chunkRows = 2048;
const rowGroupRows = 50_000;

function duckdbTypes(shape: TableShape): DuckDBType[] {
  const { BIGINT, BLOB, BOOLEAN, DOUBLE, INTEGER, TIMESTAMP, VARCHAR } = duckdb();
  const types: Record<ColumnType, DuckDBType> = {
    [ColumnType.Text]: VARCHAR,
    [ColumnType.Bytes]: BLOB,
    [ColumnType.Long]: BIGINT,
    [ColumnType.Int]: INTEGER,
    [ColumnType.Double]: DOUBLE,
    [ColumnType.Flag]: BOOLEAN,
    [ColumnType.Timestamp]: TIMESTAMP,
  };
  return shape.columns.map(({ type }) => types[type]);
}

/** An embedded, memory-limited DuckDB. Close both when done. */
export interface ParquetEngine {
  connection: DuckDBConnection;
  close(): void;
}

// Freed memory goes back to the machine at once: a sidecar's bound is what it holds, not what it
// held.
const flushThreshold = "1MiB";

/**
 * Starts DuckDB in memory. One thread: the row order within a file, and so its bytes, stay the
 * same.
 */
export async function openParquetEngine(options: ParquetEngineOptions): Promise<ParquetEngine> {
  await fs.mkdir(options.temporaryDirectory, { recursive: true, mode: 0o700 });
  const instance = await duckdb().DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: `${options.memoryMiB ?? 256}MiB`,
    temp_directory: options.temporaryDirectory,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allocator_flush_threshold: flushThreshold,
  });
  const connection = await instance.connect();
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/**
 * Writes rows to a Parquet file (zstd). The same set of rows gives the same bytes in any order of
 * arrival. The file gets its name only when it is whole and on disk; a crash leaves at most a
 * `.tmp`.
 */
export async function writeParquet(
  engine: ParquetEngine,
  shape: TableShape,
  rows: Iterable<readonly Cell[]> | AsyncIterable<readonly Cell[]>,
  file: string,
): Promise<ParquetFile> {
  const table = await createRowTable(engine, shape);
  try {
    const appender = await openRowAppender(engine, table, shape);
    let count: number;
    try {
      for await (const row of rows) {
        appender.push(row);
      }
      count = appender.finish();
    } finally {
      appender.close();
    }
    const order = shape.key.map(quoted).join(", ");
    const written = await writeQuery(engine, `SELECT * FROM ${table} ORDER BY ${order}`, file);
    return { ...written, rows: count };
  } finally {
    await engine.connection.run(`DROP TABLE ${table}`);
  }
}

/**
 * Writes a query's result to a Parquet file by the same protocol; the query must order its rows.
 * `layout`: more options of DuckDB's COPY.
 */
export async function writeQuery(
  engine: ParquetEngine,
  query: string,
  file: string,
  layout?: string,
): Promise<ParquetFile> {
  await fs.mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = temporaryPathBeside(file);
  try {
    const rows = await copyToParquet(engine, query, temporary, layout);
    await publishFile(temporary, file);
    const { size } = await fs.stat(file);
    return { file, rows, bytes: size, sha256: await fileSha256(file) };
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes a query's result to a Parquet file that need not survive a crash: one that is sent on and
 * removed. Returns the number of rows. `layout`: more options of DuckDB's COPY, which replace the
 * ones below.
 */
export async function copyToParquet(
  engine: ParquetEngine,
  query: string,
  file: string,
  layout?: string,
): Promise<number> {
  const rowGroups =
    layout?.includes("ROW_GROUP_SIZE") === true ? [] : [`ROW_GROUP_SIZE ${rowGroupRows}`];
  const options = [
    "FORMAT parquet",
    "COMPRESSION zstd",
    ...rowGroups,
    ...(layout === undefined ? [] : [layout]),
  ];
  const sql = `COPY (${query}) TO ${literal(file)} (${options.join(", ")})`;
  return (await engine.connection.run(sql)).rowsChanged;
}

/** SHA-256 of a file, as hexadecimal digits. */
export async function fileSha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}

/** A SQL string literal. */
export function literal(text: string): string {
  // The parser takes NUL for the end of the query.
  const pieces = text.split("\0").map((piece) => `'${piece.replaceAll("'", "''")}'`);
  return pieces.length === 1 ? pieces[0]! : `(${pieces.join(" || chr(0) || ")})`;
}

/** The rows of Parquet files, columns by their name, as a relation in SQL. */
export function parquetRows(files: readonly string[]): string {
  const list = files.map(literal).join(", ");
  return `read_parquet([${list}], hive_partitioning = false, union_by_name = true)`;
}

/** A SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Rows on their way into one table, `chunkRows` at a time. */
export interface RowAppender {
  push(row: readonly Cell[]): void;
  /** Brings the rest into the table. Returns how many rows were pushed. */
  finish(): number;
  /** Frees the appender, also where `finish` wasn't called. */
  close(): void;
}

/** Appends rows to a table that has the shape's columns. */
export async function openRowAppender(
  { connection }: ParquetEngine,
  table: string,
  shape: TableShape,
): Promise<RowAppender> {
  const types = duckdbTypes(shape);
  const appender = await connection.createAppender(table);
  let columns: DuckDBValue[][] = types.map(() => []);
  let count = 0;
  const flush = () => {
    const chunk = duckdb().DuckDBDataChunk.create(types);
    chunk.setColumns(columns);
    appender.appendDataChunk(chunk);
    columns = types.map(() => []);
  };
  return {
    push(row) {
      shape.columns.forEach((column, index) => {
        columns[index]!.push(duckdbValue(column, row[index] ?? null));
      });
      count += 1;
      if (count % chunkRows === 0) {
        flush();
      }
    },
    finish() {
      if (columns[0]!.length > 0) {
        flush();
      }
      appender.flushSync();
      return count;
    },
    close: () => appender.closeSync(),
  };
}

/** Makes a temporary table with the shape's columns. Returns its name. */
export async function createRowTable(
  { connection }: ParquetEngine,
  shape: TableShape,
): Promise<string> {
  const table = `rows_${Math.random().toString(36).slice(2)}`;
  const columns = shape.columns.map((column) => `${quoted(column.name)} ${column.type}`);
  await connection.run(`CREATE TEMP TABLE ${table} (${columns.join(", ")})`);
  return table;
}

function duckdbValue(column: Column, cell: Cell): DuckDBValue {
  if (cell === null) {
    return null;
  }
  if (column.type === ColumnType.Bytes) {
    return new (duckdb().DuckDBBlobValue)(cell as Uint8Array);
  }
  if (column.type === ColumnType.Timestamp) {
    return new (duckdb().DuckDBTimestampValue)(cell as bigint);
  }
  return cell as DuckDBValue;
}
