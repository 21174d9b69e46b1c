import { isUtf8 } from "node:buffer";
import {
  BIGINT,
  BLOB,
  DuckDBBlobValue,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBVector,
  INTEGER,
  UTINYINT,
  VARCHAR,
} from "@duckdb/node-api";
import { literal, type ParquetEngine, type ParquetFile, quoted, writeQuery } from "./parquetWriter";
import { parseFileName, parseLine, parseOwner } from "./rayLogLine";
import { rayLogShape } from "./tables";

/** Which node's logs these are; every row carries it. */
export interface RayLogOrigin {
  namespace: string;
  cluster: string;
  /** The RayJob that made the cluster; empty for a cluster of its own. */
  rayjob: string;
  node: string;
  role: string;
}

/** A run of bytes of one file. */
export interface RayLogBytes {
  session: string;
  /** Path below the session's `logs` folder. */
  file: string;
  uid: string;
  /** Offset of the first byte in the file. */
  start: number;
  /** Number of the line that the first byte belongs to, from 1. */
  line: number;
  bytes: Buffer;
}

const NEWLINE = 0x0a;
const CHUNK_ROWS = 2048;
// What repeats in a part is in its dictionary with some hundred entries; texts that are not don't pay for one.
const PART_LAYOUT = "PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1000";
const NO_TIME = -9223372036854775808n;
const LEVELS = [null, "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL"] as const;
const LEVEL_CODES = new Map<string | null, number>(LEVELS.map((level, code) => [level, code]));

/**
 * Writes the rows of these bytes to a Parquet file: one row a line, ordered by the table's key. The same
 * bytes in any order give the same file. What is the same for all rows of a file goes to the engine once,
 * not once a row.
 */
export async function writeRayLogPart(
  engine: ParquetEngine,
  origin: RayLogOrigin,
  runs: readonly RayLogBytes[],
  file: string,
): Promise<ParquetFile> {
  const ordered = [...runs].sort(
    (a, b) => compare(a.uid, b.uid) || a.start - b.start || a.bytes.length - b.bytes.length,
  );
  const hasRaw = ordered.some(({ bytes }) => !isUtf8(bytes));
  const suffix = Math.random().toString(36).slice(2);
  const [rows, owners] = [`lines_${suffix}`, `owners_${suffix}`];
  const { connection } = engine;
  await connection.run(
    `CREATE TEMP TABLE ${rows} (owner INTEGER, byte_start BIGINT, length INTEGER, line_no BIGINT,
       micros BIGINT, level_code UTINYINT, text VARCHAR${hasRaw ? ", raw BLOB" : ""})`,
  );
  try {
    await connection.run(
      `CREATE TEMP TABLE ${owners} (owner INTEGER, session VARCHAR, file VARCHAR, file_uid VARCHAR,
         component VARCHAR, worker_id VARCHAR, job_id VARCHAR, pid INTEGER)`,
    );
    const found = await appendLines(engine, rows, ordered, hasRaw);
    await appendOwners(engine, owners, found);
    const query = partQuery(origin, rows, owners, hasRaw);
    return await writeQuery(engine, query, file, PART_LAYOUT);
  } finally {
    await connection.run(`DROP TABLE IF EXISTS ${owners}`);
    await connection.run(`DROP TABLE ${rows}`);
  }
}

// The join keeps the order of `rows`: the engine has one thread and may not swap its sides (openParquetEngine).
function partQuery(origin: RayLogOrigin, rows: string, owners: string, hasRaw: boolean): string {
  const constants = origin as unknown as Record<string, string>;
  const levels = LEVELS.map(
    (level, code) => `WHEN ${code} THEN ${level ? literal(level) : "NULL"}`,
  );
  const derived: Record<string, string> = {
    byte_end: "byte_start + length",
    ts: `CASE WHEN micros > ${NO_TIME + 1n} THEN make_timestamp(micros) END`,
    level: `CASE level_code ${levels.join(" ")} END`,
    ...(hasRaw ? {} : { raw: "NULL::BLOB" }),
  };
  const columns = rayLogShape.columns.map(({ name }) => {
    const value = constants[name] === undefined ? derived[name] : literal(constants[name]);
    return value === undefined ? quoted(name) : `${value} AS ${quoted(name)}`;
  });
  return `SELECT ${columns.join(", ")} FROM ${rows} JOIN ${owners} USING (owner)`;
}

/** What rows share: a file, and the worker and job that the file's name or the line itself names. */
interface Owner {
  run: RayLogBytes;
  workerId: string | null;
  jobId: string | null;
}

async function appendLines(
  { connection }: ParquetEngine,
  table: string,
  runs: readonly RayLogBytes[],
  hasRaw: boolean,
): Promise<Owner[]> {
  const types: DuckDBType[] = [INTEGER, BIGINT, INTEGER, BIGINT, BIGINT, UTINYINT, VARCHAR];
  if (hasRaw) {
    types.push(BLOB);
  }
  const appender = await connection.createAppender(table);
  const owners = ownerNumbers();
  let chunk = DuckDBDataChunk.create(types, CHUNK_ROWS);
  let vectors = vectorsOf(chunk);
  let row = 0;
  const flush = (count: number) => {
    vectors.forEach((vector) => vector.flush());
    // A vector's size is fixed when it is taken: only what is appended is cut to the rows that there are.
    chunk.rowCount = count;
    appender.appendDataChunk(chunk);
  };
  try {
    for (const run of runs) {
      const { bytes } = run;
      const isText = isUtf8(bytes);
      const name = parseFileName(run.file);
      for (let start = 0, line = run.line; start < bytes.length; line++) {
        const newline = bytes.indexOf(NEWLINE, start);
        const end = newline < 0 ? bytes.length : newline;
        const next = newline < 0 ? end : newline + 1;
        const text = bytes.toString("utf8", start, end);
        const { micros, level } = parseLine(text);
        const owner = owners.of(run, parseOwner(text) ?? name);
        vectors[0]!.setItem(row, owner);
        vectors[1]!.setItem(row, BigInt(run.start + start));
        vectors[2]!.setItem(row, next - start);
        vectors[3]!.setItem(row, BigInt(line));
        vectors[4]!.setItem(row, micros === undefined ? NO_TIME : BigInt(micros));
        vectors[5]!.setItem(row, LEVEL_CODES.get(level)!);
        vectors[6]!.setItem(row, text);
        if (hasRaw) {
          vectors[7]!.setItem(row, rawValue(bytes.subarray(start, end), isText));
        }
        row += 1;
        start = next;
        if (row === CHUNK_ROWS) {
          flush(row);
          chunk = DuckDBDataChunk.create(types, CHUNK_ROWS);
          vectors = vectorsOf(chunk);
          row = 0;
        }
      }
    }
    if (row > 0) {
      flush(row);
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
  return owners.all;
}

function vectorsOf(chunk: DuckDBDataChunk): DuckDBVector[] {
  return Array.from({ length: chunk.columnCount }, (_, column) => chunk.getColumnVector(column));
}

function rawValue(content: Buffer, isText: boolean): DuckDBBlobValue | null {
  return isText || isUtf8(content) ? null : new DuckDBBlobValue(content);
}

function ownerNumbers() {
  const all: Owner[] = [];
  const numbers = new Map<string, number>();
  let last: Owner | undefined;
  let lastNumber = 0;
  return {
    all,
    of(run: RayLogBytes, { workerId, jobId }: Omit<Owner, "run">): number {
      if (last?.run === run && last.workerId === workerId && last.jobId === jobId) {
        return lastNumber;
      }
      last = { run, workerId, jobId };
      const key = [run.uid, workerId ?? "", jobId ?? ""].join("\n");
      lastNumber = numbers.get(key) ?? all.push(last) - 1;
      numbers.set(key, lastNumber);
      return lastNumber;
    },
  };
}

async function appendOwners(
  { connection }: ParquetEngine,
  table: string,
  owners: readonly Owner[],
): Promise<void> {
  const types = [INTEGER, ...Array.from({ length: 6 }, () => VARCHAR), INTEGER];
  const appender = await connection.createAppender(table);
  try {
    for (let start = 0; start < owners.length; start += CHUNK_ROWS) {
      const some = owners.slice(start, start + CHUNK_ROWS);
      const chunk = DuckDBDataChunk.create(types);
      const rows = some.map(({ run, workerId, jobId }, index) => {
        const { component, pid } = parseFileName(run.file);
        const { session, file, uid } = run;
        return [start + index, session, file, uid, component, workerId, jobId, pid];
      });
      chunk.setRows(rows);
      appender.appendDataChunk(chunk);
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
