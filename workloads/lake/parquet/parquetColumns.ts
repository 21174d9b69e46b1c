import type { SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { appendHybrid, appendPacked, appendRun, bitsOf, packDeltas } from "./columnEncoding";
import type { EncodedColumn } from "./parquetPages";
import { type Column, ColumnType } from "../tables/tableShape";

// Columns of a row group, each from values that lie beside each other already.

/** As DuckDB declares the same types, so that both kinds of part are one table. */
export function schemaElement({ name, type }: Column): SchemaElement {
  const optional = { name, repetition_type: "OPTIONAL" } as const;
  switch (type) {
    case ColumnType.Long:
      return { ...optional, type: "INT64" };
    case ColumnType.Int:
      return { ...optional, type: "INT32" };
    case ColumnType.Flag:
      return { ...optional, type: "BOOLEAN" };
    case ColumnType.Timestamp:
      return {
        ...optional,
        type: "INT64",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MICROS" },
      };
    case ColumnType.Bytes:
      return { ...optional, type: "BYTE_ARRAY" };
    case ColumnType.Text:
      return {
        ...optional,
        type: "BYTE_ARRAY",
        converted_type: "UTF8",
        logical_type: { type: "STRING" },
      };
    default:
      throw new Error(`no table encoded here has a column of type ${type}, got ${name}`);
  }
}

// Between numbers further apart the deltas, and what lies between those, aren't exact any more.
const maxDeltaRange = 2 ** 51;

/** Whole numbers, one in every row. */
export function longColumn(name: string, count: number, values: Float64Array): EncodedColumn {
  const some = values.subarray(0, count);
  let least = Infinity;
  let most = -Infinity;
  for (let index = 0; index < count; index++) {
    least = Math.min(least, some[index]!);
    most = Math.max(most, some[index]!);
  }
  const isNear = most - least < maxDeltaRange && Math.max(-least, most) < 2 * maxDeltaRange;
  return {
    name,
    ...(isNear || count === 0 ? deltas(some) : plainLongs(some)),
    levels: presentAll(count),
    nulls: 0,
    ...(count === 0 ? {} : { least: BigInt(least), most: BigInt(most) }),
  };
}

function deltas(values: Float64Array): Pick<EncodedColumn, "encoding" | "values"> {
  const writer = new ByteWriter(values.length + 64);
  packDeltas(values, writer);
  return { encoding: "DELTA_BINARY_PACKED", values: writer.getBytes() };
}

function plainLongs(values: Float64Array): Pick<EncodedColumn, "encoding" | "values"> {
  const longs = BigInt64Array.from(values, BigInt);
  return { encoding: "PLAIN", values: new Uint8Array(longs.buffer) };
}

/** The same, NaN where a row has none. */
export function optionalLongColumn(
  name: string,
  count: number,
  values: Float64Array,
): EncodedColumn {
  const there = values.subarray(0, count).filter((value) => !Number.isNaN(value));
  const isThere = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    isThere[row] = Number.isNaN(values[row]) ? 0 : 1;
  }
  return {
    ...longColumn(name, there.length, there),
    levels: packedLevels(isThere),
    nulls: count - there.length,
  };
}

/** Texts or bytes as they are; `lengths` of those that are there, `isThere` where not all are. */
export function bytesColumn(
  name: string,
  lengths: Int32Array,
  content: Buffer,
  isThere?: Uint8Array,
): EncodedColumn {
  return {
    name,
    encoding: "DELTA_LENGTH_BYTE_ARRAY",
    levels: isThere === undefined ? presentAll(lengths.length) : packedLevels(isThere),
    nulls: (isThere?.length ?? lengths.length) - lengths.length,
    values: withLengths(lengths, content),
  };
}

/**
 * Texts of which there are few: `codes` has the place of each row's in `texts`, -1 where it has
 * none.
 */
export function dictionaryColumn(
  name: string,
  codes: Int32Array,
  texts: readonly string[],
): EncodedColumn {
  return dictionaryOf(name, codes, { values: plainValues(texts), count: texts.length });
}

/** Texts or bytes that repeat, one behind the other in `content`. */
export function repeatedBytesColumn(
  name: string,
  codes: Int32Array,
  lengths: Int32Array,
  content: Buffer,
): EncodedColumn {
  const values = Buffer.allocUnsafe(4 * lengths.length + content.length);
  let from = 0;
  let at = 0;
  for (const length of lengths) {
    at = values.writeUInt32LE(length, at);
    at += content.copy(values, at, from, from + length);
    from += length;
  }
  return dictionaryOf(name, codes, { values, count: lengths.length });
}

interface Dictionary {
  values: Uint8Array;
  count: number;
}

function dictionaryOf(name: string, codes: Int32Array, dictionary: Dictionary): EncodedColumn {
  const there = codes.filter((code) => code >= 0);
  return {
    name,
    encoding: "RLE_DICTIONARY",
    levels: packedLevels(codes.map((code) => (code < 0 ? 0 : 1))),
    nulls: codes.length - there.length,
    ...indexesInto(dictionary, there.length, (writer, width) => appendHybrid(writer, there, width)),
  };
}

/** One text in every row, or none in any. */
export function constantColumn(name: string, count: number, text: string | null): EncodedColumn {
  const isNull = text === null;
  const levels = new ByteWriter();
  appendRun(levels, isNull ? 0 : 1, count, 1);
  return {
    name,
    encoding: "RLE_DICTIONARY",
    levels: levels.getBytes(),
    nulls: isNull ? count : 0,
    ...indexesInto(
      { values: plainValues(isNull ? [] : [text]), count: isNull ? 0 : 1 },
      isNull ? 0 : count,
      (writer, width) => appendRun(writer, 0, count, width),
    ),
  };
}

function indexesInto(
  dictionary: Dictionary,
  count: number,
  append: (writer: ByteWriter, width: number) => void,
): Pick<EncodedColumn, "values" | "dictionary"> {
  const width = bitsOf(dictionary.count - 1);
  const indexes = new ByteWriter();
  indexes.appendUint8(width);
  if (count > 0) {
    append(indexes, width);
  }
  return { values: indexes.getBytes(), dictionary };
}

/** One bit a row. */
export function flagColumn(name: string, flags: Uint8Array): EncodedColumn {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  flags.forEach((flag, row) => (bits[row >> 3]! |= flag << (row & 7)));
  return { name, encoding: "PLAIN", levels: presentAll(flags.length), nulls: 0, values: bits };
}

function withLengths(lengths: Int32Array, content: Buffer): Uint8Array {
  const writer = new ByteWriter(lengths.length + 64);
  packDeltas(lengths, writer);
  return Buffer.concat([writer.getBytes(), content]);
}

export function presentAll(count: number): Uint8Array {
  const writer = new ByteWriter();
  appendRun(writer, 1, count, 1);
  return writer.getBytes();
}

export function packedLevels(isThere: Uint8Array | Int32Array): Uint8Array {
  const writer = new ByteWriter();
  const first = isThere[0];
  if (isThere.every((value) => value === first)) {
    appendRun(writer, first ?? 0, isThere.length, 1);
  } else {
    appendPacked(writer, isThere, 1);
  }
  return writer.getBytes();
}

export function plainValues(values: readonly (string | number)[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) {
    if (typeof value === "number") {
      writer.appendInt32(value);
    } else {
      const bytes = Buffer.from(value, "utf8");
      writer.appendUint32(bytes.length);
      writer.appendBytes(bytes);
    }
  }
  return writer.getBytes();
}
