import type { ByteWriter } from "hyparquet-writer";

// The encodings of Parquet that a log's columns need (parquet-format, Encodings.md), on typed
// arrays: a value a call would cost more than all the rest.

// A shorter run costs as many bits by itself as among the packed ones.
const leastRun = 16;
const miniblocks = 4;
const smallBlockValues = 128;
// Few block headers between the values let zstd find what repeats: lines come in the same order
// again.
const valuesPerBlock = 1024;
// Of a difference of whole numbers within ±2^52; one of that many bytes is held only just.
const mostBytes = 7;

/**
 * DELTA_BINARY_PACKED of whole numbers within ±2^52, each delta in whole bytes and counted from a
 * round number: the same deltas are the same bytes, which zstd makes smaller than the fewest bits
 * would be.
 */
export function packDeltas(values: Float64Array | Int32Array, writer: ByteWriter): void {
  const blockValues = values.length > valuesPerBlock ? valuesPerBlock : smallBlockValues;
  const miniblockValues = blockValues / miniblocks;
  writer.appendVarInt(blockValues);
  writer.appendVarInt(miniblocks);
  writer.appendVarInt(values.length);
  writer.appendZigZag(BigInt(values[0] ?? 0));
  const deltas = new Float64Array(blockValues);
  const packed = new Uint8Array(miniblockValues * mostBytes);
  for (let start = 1; start < values.length; start += blockValues) {
    const count = Math.min(blockValues, values.length - start);
    let least = Infinity;
    let most = -Infinity;
    for (let index = 0; index < count; index++) {
      const delta = values[start + index]! - values[start + index - 1]!;
      deltas[index] = delta;
      least = Math.min(least, delta);
      most = Math.max(most, delta);
    }
    const base = roundBase(least, most);
    // What lies behind the last value is packed as zeros.
    deltas.fill(base, count);
    writer.appendZigZag(BigInt(base));
    const widths = new Uint8Array(miniblocks);
    for (let mini = 0; mini < miniblocks; mini++) {
      let highest = 0;
      for (let index = mini * miniblockValues; index < (mini + 1) * miniblockValues; index++) {
        highest = Math.max(highest, deltas[index]! - base);
      }
      widths[mini] = 8 * bytesOf(highest);
    }
    writer.appendBytes(widths);
    for (let mini = 0; mini < Math.ceil(count / miniblockValues); mini++) {
      const bytes = widths[mini]! / 8;
      let at = 0;
      for (let index = mini * miniblockValues; index < (mini + 1) * miniblockValues; index++) {
        let rest = deltas[index]! - base;
        for (let byte = 0; byte < bytes; byte++) {
          packed[at++] = rest % 256;
          rest = Math.floor(rest / 256);
        }
      }
      writer.appendBytes(packed.subarray(0, at));
    }
  }
}

/** At most `least`: the round number below it, where counting from there takes no more bytes. */
function roundBase(least: number, most: number): number {
  const bytes = bytesOf(most - least);
  if (bytes === 0 || bytes === mostBytes) {
    return least;
  }
  const step = 2 ** (8 * bytes - 1);
  const round = Math.floor(least / step) * step;
  return bytesOf(most - round) === bytes ? round : least;
}

function bytesOf(most: number): number {
  return Math.ceil(bitsOf(most) / 8);
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
    if (end - runFrom >= leastRun) {
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
  const bytes = new Uint8Array((count * width) / 8);
  let at = 0;
  let buffer = 0;
  let used = 0;
  for (let index = 0; index < count; index++) {
    buffer |= valueAt(index) << used;
    for (used += width; used >= 8; used -= 8) {
      bytes[at++] = buffer & 0xff;
      buffer >>>= 8;
    }
  }
  writer.appendBytes(bytes);
}
