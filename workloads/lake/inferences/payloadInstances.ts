import type { ModelSignature, SignatureColumn } from "./modelSignature";

/** One instance of a prediction: what the model got for it, and what it gave. */
export interface PayloadInstance {
  /**
   * Values of the signature's input columns, in its order; undefined where the request has none.
   */
  inputs: unknown[];
  /** The same of the outputs. */
  outputs: unknown[];
}

/** A payload's values: by column name where it names them, else by position. */
type Row = { named: Record<string, unknown> } | { positional: unknown[] };

/**
 * Takes a prediction apart into its instances: v1 rows and columns, v2 tensors (data in JSON or as
 * bytes after it), and OpenAI-style exchanges, which are one instance each. Undefined where the
 * request isn't understood.
 */
export function payloadInstances(
  protocol: string,
  request: Buffer,
  response: Buffer | undefined,
  signature: ModelSignature,
): PayloadInstance[] | undefined {
  const asked = rowsOf(protocol, request, "instances", "inputs");
  if (asked === undefined) {
    return undefined;
  }
  const given =
    response === undefined ? undefined : rowsOf(protocol, response, "predictions", "outputs");
  return asked.map((row, index) => ({
    inputs: signature.inputs.map((column, place) => valueOf(row, column, place)),
    outputs: signature.outputs.map((column, place) => {
      const answer = given?.[index];
      return answer === undefined ? undefined : valueOf(answer, column, place);
    }),
  }));
}

function rowsOf(protocol: string, body: Buffer, v1Key: string, v2Key: string): Row[] | undefined {
  const document = leadingJson(body);
  if (document === undefined) {
    return undefined;
  }
  const { value, rest } = document;
  if (protocol === "openai") {
    return [{ named: value }];
  }
  if (protocol === "v1") {
    return v1Rows(value[v1Key] ?? value[v1Key === "instances" ? "inputs" : "outputs"]);
  }
  return protocol === "v2" ? v2Rows(value[v2Key], rest) : undefined;
}

function v1Rows(rows: unknown): Row[] | undefined {
  if (isObject(rows)) {
    // Columns: {"a": [1, 2], "b": [3, 4]}.
    const columns = Object.entries(rows);
    const length = Math.max(
      0,
      ...columns.map(([, cells]) => (Array.isArray(cells) ? cells.length : 1)),
    );
    return Array.from({ length }, (_, index) => ({
      named: Object.fromEntries(
        columns.map(([name, cells]) => [name, Array.isArray(cells) ? cells[index] : cells]),
      ),
    }));
  }
  return Array.isArray(rows) ? rows.map(rowOf) : undefined;
}

function rowOf(row: unknown): Row {
  return isObject(row)
    ? { named: row }
    : { positional: Array.isArray(row) ? (row as unknown[]) : [row] };
}

interface Tensor {
  name?: string;
  shape?: number[];
  datatype?: string;
  data?: unknown;
  parameters?: { binary_data_size?: number };
}

function v2Rows(tensors: unknown, rest: Buffer): Row[] | undefined {
  if (!Array.isArray(tensors) || !tensors.every(isObject)) {
    return undefined;
  }
  let offset = 0;
  const columns: { name: string; width: number; rows: number; cells: unknown[] }[] = [];
  for (const tensor of tensors as Tensor[]) {
    const size = tensor.parameters?.binary_data_size;
    const cells =
      size === undefined
        ? (Array.isArray(tensor.data) ? tensor.data : []).flat(Infinity)
        : binaryCells(tensor.datatype ?? "", rest.subarray(offset, offset + size));
    offset += size ?? 0;
    if (cells === undefined) {
      return undefined;
    }
    const rows = tensor.shape?.[0] ?? cells.length;
    columns.push({
      name: tensor.name ?? "",
      rows,
      width: rows === 0 ? 0 : cells.length / rows,
      cells,
    });
  }
  const length = Math.max(0, ...columns.map(({ rows }) => rows));
  const [only] = columns;
  // One tensor of rows is a table without names; several are its columns.
  if (columns.length === 1 && only!.width > 1) {
    return Array.from({ length }, (_, row) => ({
      positional: only!.cells.slice(row * only!.width, (row + 1) * only!.width),
    }));
  }
  return Array.from({ length }, (_, row) => ({
    named: Object.fromEntries(
      columns.map(({ name, width, cells }) => [
        name,
        width === 1 ? cells[row] : cells.slice(row * width, (row + 1) * width),
      ]),
    ),
  }));
}

const readers: Record<string, [bytes: number, read: (bytes: Buffer, at: number) => unknown]> = {
  BOOL: [1, (bytes, at) => bytes[at] !== 0],
  INT8: [1, (bytes, at) => bytes.readInt8(at)],
  UINT8: [1, (bytes, at) => bytes.readUInt8(at)],
  INT16: [2, (bytes, at) => bytes.readInt16LE(at)],
  UINT16: [2, (bytes, at) => bytes.readUInt16LE(at)],
  INT32: [4, (bytes, at) => bytes.readInt32LE(at)],
  UINT32: [4, (bytes, at) => bytes.readUInt32LE(at)],
  INT64: [8, (bytes, at) => bytes.readBigInt64LE(at)],
  UINT64: [8, (bytes, at) => bytes.readBigUInt64LE(at)],
  FP32: [4, (bytes, at) => bytes.readFloatLE(at)],
  FP64: [8, (bytes, at) => bytes.readDoubleLE(at)],
};

// The binary data extension of the Open Inference Protocol: little-endian, BYTES with a length
// before each.
function binaryCells(datatype: string, bytes: Buffer): unknown[] | undefined {
  const cells: unknown[] = [];
  if (datatype === "BYTES") {
    for (let at = 0; at + 4 <= bytes.length;) {
      const length = bytes.readUInt32LE(at);
      cells.push(bytes.toString("utf8", at + 4, at + 4 + length));
      at += 4 + length;
    }
    return cells;
  }
  const reader = readers[datatype];
  if (reader === undefined) {
    return undefined;
  }
  const [width, read] = reader;
  for (let at = 0; at + width <= bytes.length; at += width) {
    cells.push(read(bytes, at));
  }
  return cells;
}

function valueOf(row: Row, column: SignatureColumn, place: number): unknown {
  if ("positional" in row) {
    return row.positional[place];
  }
  if (column.name !== undefined && Object.hasOwn(row.named, column.name)) {
    return row.named[column.name];
  }
  // A signature without names: the payload's own order, or its only value.
  return column.name === undefined ? Object.values(row.named)[place] : undefined;
}

// Python writes NaN and Infinity, which JSON doesn't know; inside a string they are text.
const stringOrNan = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;

function nullForNan(found: string): string {
  return found.startsWith('"') ? found : "null";
}

// JSON with whatever follows it. Bodies are small here: large ones are objects of their own.
function leadingJson(body: Buffer): { value: Record<string, unknown>; rest: Buffer } | undefined {
  const text = body.toString("utf8");
  for (const [json, rest] of [[text, Buffer.alloc(0)], splitBinary(body)] as const) {
    try {
      const value: unknown = JSON.parse(json.replace(stringOrNan, nullForNan));
      return isObject(value) ? { value, rest } : undefined;
    } catch {
      // not JSON as a whole: perhaps JSON and bytes after it
      continue;
    }
  }
  return undefined;
}

function splitBinary(body: Buffer): readonly [string, Buffer] {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (isText) {
      at += byte === 0x5c ? 1 : 0;
      isText = byte !== 0x22;
    } else if (byte === 0x22) {
      isText = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
      if (depth === 0) {
        return [body.toString("utf8", 0, at + 1), body.subarray(at + 1)];
      }
    }
  }
  return ["", body];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
