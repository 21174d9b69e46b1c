import { isUtf8 } from "node:buffer";
import { ByteWriter } from "hyparquet-writer";
import { appendPacked, appendRun, bitsOf, packDeltas } from "../parquet/columnEncoding";
import {
  bytesColumn,
  longColumn,
  optionalLongColumn,
  packedLevels,
  plainValues,
  presentAll,
  schemaElement,
} from "../parquet/parquetColumns";
import { type EncodedColumn, makeParquetFile } from "../parquet/parquetPages";
import { logLevels, type LineFacts, parseFileName, parseLine, parseOwner } from "./rayLogLine";
import { rayLogShape } from "../tables/rayLogShape";

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
  /** Newlines in it. */
  lines: number;
  bytes: Buffer;
}

const newlineByte = 0x0a;
const brace = 0x7b;
const groupBytes = 16 << 20;
// A megabyte of empty lines is a million rows.
const groupLines = 128 << 10;
// A byte a code: zstd finds more in whole bytes than three bits save.
const levelBits = 8;
// On Ray's own logs smaller than 3 by a tenth (their long ids lead its short matches astray), and
// faster.
const textZstdLevel = 1;
// Of one length, packed, at most; and of what comes with them, also where there is one only.
const lengthBytes = 6;
const leastLengthsBytes = 1024;
// As many parts are encoded at once.
const mostRooms = 2;

/**
 * The rows of these bytes as a Parquet file: one row a line, ordered by the table's key. The same
 * bytes in any order give the same file. `runs` is emptied, so that bytes aren't held longer than
 * they are needed. It is encoded here, column by column from the bytes themselves: through a
 * database's rows it took three times as much CPU, and the sidecar shares its pod with training.
 */
export async function encodeRayLogPart(origin: RayLogOrigin, runs: RayLogBytes[]): Promise<Buffer> {
  const ordered = runs
    .splice(0)
    .filter(({ bytes }) => bytes.length > 0)
    .sort((a, b) => compare(a.uid, b.uid) || a.start - b.start || a.bytes.length - b.bytes.length);
  const file = makeParquetFile(rayLogShape.columns.map(schemaElement));
  while (ordered.length > 0) {
    const rows = collectRows(takeGroup(ordered));
    await file.addRows(rows.count, encodeRows(origin, rows));
    giveRoomBack(rows);
  }
  return file.finish();
}

function takeGroup(ordered: RayLogBytes[]): RayLogBytes[] {
  const group: RayLogBytes[] = [];
  let bytes = 0;
  let lines = 0;
  while (ordered.length > 0 && bytes < groupBytes && lines < groupLines) {
    const run = ordered.shift()!;
    bytes += run.bytes.length;
    lines += run.lines;
    group.push(run);
  }
  return group;
}

/**
 * What rows share: a file, and the worker and job that the file's name or the line itself names.
 */
interface Owner {
  session: string;
  file: string;
  uid: string;
  workerId: string | null;
  jobId: string | null;
  /** Rows one after another. */
  rows: number;
}

interface Rows {
  count: number;
  start: Float64Array;
  end: Float64Array;
  line: Float64Array;
  micros: Float64Array;
  level: Uint8Array;
  owners: Owner[];
  textLength: Int32Array;
  /**
   * The texts from `textStart` on; before them is room for their packed lengths, as the page has
   * it.
   */
  text: Buffer;
  textStart: number;
  textBytes: number;
  /** Rows whose text isn't their bytes. */
  raw: Map<number, Buffer>;
}

// Taken anew for each group, it would be memory that waits for the collector.
const rooms: Rows[] = [];

/** Room for the rows of a group; its own until it is given back. */
function takeRoom(lines: number, bytes: number): Rows {
  const textStart = lengthBytes * lines + leastLengthsBytes;
  const fits = ({ level, text }: Rows) => level.length >= lines && text.length >= textStart + bytes;
  const place = rooms.findIndex(fits);
  // One that is too small makes way for the new one.
  const room = rooms.splice(Math.max(0, place), 1)[0];
  const fresh = { count: 0, textStart, textBytes: 0, owners: [], raw: new Map<number, Buffer>() };
  if (room !== undefined && place >= 0) {
    return Object.assign(room, fresh);
  }
  const rows = roundUp(lines);
  return {
    ...fresh,
    start: new Float64Array(rows),
    end: new Float64Array(rows),
    line: new Float64Array(rows),
    micros: new Float64Array(rows),
    level: new Uint8Array(rows),
    textLength: new Int32Array(rows),
    text: Buffer.allocUnsafe(roundUp(textStart + bytes)),
  };
}

function giveRoomBack(rows: Rows): void {
  // Only an ordinary group's room is kept.
  if (rows.level.length <= 2 * groupLines && rows.text.length <= 2 * groupBytes) {
    rooms.push(rows);
    rooms.splice(0, rooms.length - mostRooms);
  }
}

// Pages that nothing is written to take no memory.
function roundUp(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

function collectRows(runs: readonly RayLogBytes[]): Rows {
  // A run ends in the middle of a line, or behind one.
  const lines = runs.reduce((sum, run) => sum + run.lines + 1, 0);
  // A replacement character is up to three times as long as what it stands for.
  const bytes = runs.reduce((sum, run) => sum + run.bytes.length * (isUtf8(run.bytes) ? 1 : 3), 0);
  const rows = takeRoom(lines, bytes);
  const facts: LineFacts = { micros: Number.NaN, level: 0 };
  let textBytes = 0;
  let row = 0;
  for (const run of runs) {
    const name = parseFileName(run.file);
    const isText = isUtf8(run.bytes);
    let owner: Owner | undefined;
    for (let start = 0, line = run.line; start < run.bytes.length; line++, row++) {
      const newline = run.bytes.indexOf(newlineByte, start);
      const end = newline < 0 ? run.bytes.length : newline;
      const next = newline < 0 ? end : newline + 1;
      parseLine(run.bytes, start, end, facts);
      const named =
        run.bytes[start] === brace ? parseOwner(run.bytes.toString("utf8", start, end)) : undefined;
      const { workerId, jobId } = named ?? name;
      if (owner?.workerId !== workerId || owner.jobId !== jobId) {
        const { session, file, uid } = run;
        owner = { session, file, uid, workerId, jobId, rows: 0 };
        rows.owners.push(owner);
      }
      owner.rows += 1;
      rows.start[row] = run.start + start;
      rows.end[row] = run.start + next;
      rows.line[row] = line;
      rows.micros[row] = facts.micros;
      rows.level[row] = facts.level;
      if (isText || isUtf8(run.bytes.subarray(start, end))) {
        run.bytes.copy(rows.text, rows.textStart + textBytes, start, end);
        rows.textLength[row] = end - start;
      } else {
        rows.textLength[row] = replaceInvalid(rows, row, run.bytes.subarray(start, end), textBytes);
      }
      textBytes += rows.textLength[row]!;
      start = next;
    }
  }
  rows.count = row;
  rows.textBytes = textBytes;
  return rows;
}

function replaceInvalid(rows: Rows, row: number, content: Buffer, at: number): number {
  const text = Buffer.from(content.toString("utf8"), "utf8");
  text.copy(rows.text, rows.textStart + at);
  rows.raw.set(row, content);
  return text.length;
}

function encodeRows(origin: RayLogOrigin, rows: Rows): EncodedColumn[] {
  const constants = origin as unknown as Record<string, string>;
  const byOwner = (valueOf: (owner: Owner) => string | number | null) => (name: string) =>
    ownerColumn(name, rows, valueOf);
  const long = (values: Float64Array) => (name: string) => longColumn(name, rows.count, values);
  const encoders: Record<string, (name: string) => EncodedColumn> = {
    session: byOwner(({ session }) => session),
    file: byOwner(({ file }) => file),
    file_uid: byOwner(({ uid }) => uid),
    component: byOwner(({ file }) => parseFileName(file).component),
    worker_id: byOwner(({ workerId }) => workerId),
    job_id: byOwner(({ jobId }) => jobId),
    pid: byOwner(({ file }) => parseFileName(file).pid),
    byte_start: long(rows.start),
    byte_end: long(rows.end),
    line_no: long(rows.line),
    ts: (name) => optionalLongColumn(name, rows.count, rows.micros),
    level: (name) => levelColumn(name, rows),
    text: (name) => textColumn(name, rows),
    raw: (name) => rawColumn(name, rows),
  };
  return rayLogShape.columns.map(({ name }) =>
    constants[name] === undefined
      ? encoders[name]!(name)
      : ownerColumn(name, rows, () => constants[name]!),
  );
}

function ownerColumn(
  name: string,
  { count, owners }: Rows,
  valueOf: (owner: Owner) => string | number | null,
): EncodedColumn {
  const numbers = new Map<string | number, number>();
  const values = owners.map(valueOf);
  for (const value of values) {
    if (value !== null && !numbers.has(value)) {
      numbers.set(value, numbers.size);
    }
  }
  const width = bitsOf(numbers.size - 1);
  const levels = new ByteWriter();
  const indexes = new ByteWriter();
  indexes.appendUint8(width);
  let nulls = 0;
  const append = (value: string | number | null, length: number) => {
    appendRun(levels, value === null ? 0 : 1, length, 1);
    if (value === null) {
      nulls += length;
    } else {
      appendRun(indexes, numbers.get(value)!, length, width);
    }
  };
  let length = 0;
  values.forEach((value, index) => {
    length += owners[index]!.rows;
    if (index + 1 === values.length || values[index + 1] !== value) {
      append(value, length);
      length = 0;
    }
  });
  const texts = [...numbers.keys()].filter((value) => typeof value === "string").sort(compare);
  return {
    name,
    encoding: "RLE_DICTIONARY",
    levels: levels.getBytes(),
    nulls,
    values: nulls === count ? new Uint8Array([0]) : indexes.getBytes(),
    dictionary: { values: plainValues([...numbers.keys()]), count: numbers.size },
    ...(texts.length === 0 ? {} : { least: texts[0]!, most: texts.at(-1)! }),
  };
}

function levelColumn(name: string, { count, level }: Rows): EncodedColumn {
  const codes = level.subarray(0, count).filter((code) => code !== 0);
  const isThere = level.subarray(0, count).map((code) => (code === 0 ? 0 : 1));
  const writer = new ByteWriter();
  writer.appendUint8(levelBits);
  appendPacked(writer, codes, levelBits);
  return {
    name,
    encoding: "RLE_DICTIONARY",
    levels: packedLevels(isThere),
    nulls: count - codes.length,
    values: writer.getBytes(),
    // Code 0 is no level; its place is held, so that a code is its own index.
    dictionary: {
      values: plainValues(logLevels.map((each) => each ?? "")),
      count: logLevels.length,
    },
  };
}

// The lengths go before the texts where these lie: what is nearly all of a part isn't copied once
// more.
function textColumn(name: string, rows: Rows): EncodedColumn {
  const { count, textLength, text, textStart, textBytes } = rows;
  const writer = new ByteWriter(count + leastLengthsBytes);
  packDeltas(textLength.subarray(0, count), writer);
  const lengths = writer.getBytes();
  text.set(lengths, textStart - lengths.length);
  return {
    name,
    encoding: "DELTA_LENGTH_BYTE_ARRAY",
    levels: presentAll(count),
    nulls: 0,
    values: text.subarray(textStart - lengths.length, textStart + textBytes),
    zstdLevel: textZstdLevel,
  };
}

function rawColumn(name: string, { count, raw }: Rows): EncodedColumn {
  const isThere = new Uint8Array(count);
  const contents = [...raw].map(([row, content]) => {
    isThere[row] = 1;
    return content;
  });
  const lengths = Int32Array.from(contents, ({ length }) => length);
  return bytesColumn(name, lengths, Buffer.concat(contents), isThere);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
