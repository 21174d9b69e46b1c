import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";

// The encodings of Parquet that a log's columns need (parquet-format, Encodings.md), on typed arrays: a
// value a call would cost more than all the rest.

const BLOCK_VALUES = 128;
const MINIBLOCK_VALUES = 32;
const MINIBLOCKS = BLOCK_VALUES / MINIBLOCK_VALUES;
// Shifts of 32-bit numbers hold a value of this many bits beside seven left over ones.
const FAST_BITS = 24;
// A shorter run costs as many bits by itself as among the packed ones.
const LEAST_RUN = 16;

/** DELTA_BINARY_PACKED of whole numbers within ±2^53. */
export function packDeltas(values: Float64Array | Int32Array, writer: ByteWriter): void {
  writer.appendVarInt(BLOCK_VALUES);
  writer.appendVarInt(MINIBLOCKS);
  writer.appendVarInt(values.length);
  writer.appendZigZag(BigInt(values[0] ?? 0));
  const deltas = new Float64Array(BLOCK_VALUES);
  for (let start = 1; start < values.length; start += BLOCK_VALUES) {
    const count = Math.min(BLOCK_VALUES, values.length - start);
    let least = Infinity;
    for (let index = 0; index < count; index++) {
      const delta = values[start + index]! - values[start + index - 1]!;
      deltas[index] = delta;
      least = Math.min(least, delta);
    }
    // What lies behind the last value is packed as the least delta, in no bits.
    deltas.fill(least, count);
    writer.appendZigZag(BigInt(least));
    const widths = new Uint8Array(MINIBLOCKS);
    for (let mini = 0; mini < MINIBLOCKS; mini++) {
      let most = 0;
      for (let index = 0; index < MINIBLOCK_VALUES; index++) {
        most = Math.max(most, deltas[mini * MINIBLOCK_VALUES + index]! - least);
      }
      widths[mini] = bitsOf(most);
    }
    writer.appendBytes(widths);
    for (let mini = 0; mini < Math.ceil(count / MINIBLOCK_VALUES); mini++) {
      const from = mini * MINIBLOCK_VALUES;
      packBits(writer, MINIBLOCK_VALUES, widths[mini]!, (index) => deltas[from + index]! - least);
    }
  }
}

/** A run of one value many times, in the hybrid of runs and packed bits. */
export function appendRun(writer: ByteWriter, value: number, count: number, width: number): void {
  writer.appendVarInt(count * 2);
  for (let bits = 0, rest = value; bits < width; bits += 8, rest = Math.floor(rest / 256)) {
    writer.appendUint8(rest & 0xff);
  }
}

/** All values as packed bits, in the hybrid of runs and packed bits. */
export function appendPacked(
  writer: ByteWriter,
  values: Uint8Array | Int32Array,
  width: number,
): void {
  const groups = Math.ceil(values.length / 8);
  writer.appendVarInt(groups * 2 + 1);
  packBits(writer, groups * 8, width, (index) => values[index] ?? 0);
}

/** Long runs as such and what lies between them as packed bits. */
export function appendHybrid(writer: ByteWriter, values: Int32Array, width: number): void {
  let packedFrom = 0;
  let at = 0;
  while (at < values.length) {
    let end = at + 1;
    while (end < values.length && values[end] === values[at]) {
      end += 1;
    }
    // Packed bits come in groups of eight: the run gives what the last group lacks.
    const runFrom = at + ((packedFrom - at) & 7);
    if (end - runFrom >= LEAST_RUN) {
      if (runFrom > packedFrom) {
        appendPacked(writer, values.subarray(packedFrom, runFrom), width);
      }
      appendRun(writer, values[at]!, end - runFrom, width);
      packedFrom = end;
    }
    at = end;
  }
  if (packedFrom < values.length) {
    appendPacked(writer, values.subarray(packedFrom), width);
  }
}

/** Bits that hold every value from 0 to `most`. */
export function bitsOf(most: number): number {
  return most < 1 ? 0 : Math.floor(Math.log2(most)) + 1;
}

function packBits(
  writer: ByteWriter,
  count: number,
  width: number,
  valueAt: (index: number) => number,
): void {
  if (width === 0) {
    return;
  }
  const bytes = new Uint8Array((count * width) / 8);
  let at = 0;
  if (width <= FAST_BITS) {
    let buffer = 0;
    let used = 0;
    for (let index = 0; index < count; index++) {
      buffer |= valueAt(index) << used;
      for (used += width; used >= 8; used -= 8) {
        bytes[at++] = buffer & 0xff;
        buffer >>>= 8;
      }
    }
  } else {
    let buffer = 0n;
    let used = 0;
    for (let index = 0; index < count; index++) {
      buffer |= BigInt(valueAt(index)) << BigInt(used);
      for (used += width; used >= 8; used -= 8) {
        bytes[at++] = Number(buffer & 0xffn);
        buffer >>= 8n;
      }
    }
  }
  writer.appendBytes(bytes);
}
