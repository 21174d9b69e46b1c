import { randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";

// One segment on disk:
//   header  "MLPSEG02" | salt (8 bytes) | CRC-32 of both (u32)
//   frame   mark (u32) | payload length (u32) | CRC-32 (u32) | payload
// The checksum covers salt, the frame's own offset, its length and its payload. Salt and offset
// make a frame that a caller stored inside a payload (a segment posted as an event) invalid where
// it lies, so a search after damage can't take it for a record. It is zlib's polynomial, not
// CRC-32C: Node computes it three times as fast (0.24 against 0.75 ns a byte) as any CRC-32C that
// needs no native addon, which is 8 % of the log offloader's processor time.

const magic = Buffer.from("MLPSEG02", "latin1");
const anyVersion = /^MLPSEG\d\d$/;
const frameMark = 0x4650_4c4d;
/**
 * Bytes of one read. A frame of a megabyte fits with its header: else its bytes would be read
 * twice.
 */
export const segmentWindowBytes = (1 << 20) + (64 << 10);

/** Bytes before the first frame. */
export const segmentHeaderBytes = 20;
/** Bytes that a frame adds to its payload. */
export const frameHeaderBytes = 12;
/** Longest payload of one frame, in bytes; a longer length in a file is damage, not data. */
export const maxPayloadBytes = 1 << 30;

/** A segment that nothing is appended to any more. */
export interface SealedSegment {
  sequence: number;
  file: string;
  bytes: number;
  records: number;
}

/** One payload and where its frame begins. */
export interface SegmentRecord {
  payload: Buffer;
  offset: number;
}

/**
 * What a scan of a segment found. `damagedBytes` lie before `validBytes`: records were lost there.
 */
export interface SegmentScan {
  records: number;
  validBytes: number;
  damagedBytes: number;
  tornBytes: number;
}

/** Starts a segment's header; the salt ties its frames to this file. */
export function segmentHeader(): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  magic.copy(header, 0);
  randomBytes(8).copy(header, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 16)), 16);
  return header;
}

/** A segment that this version can't read; it is left as it is. */
export class SegmentFormatError extends Error {
  override readonly name = "SegmentFormatError";
}

/**
 * The salt of a header. Undefined when the bytes are not a whole, correct header.
 *
 * @throws SegmentFormatError for the header of another version.
 */
export function saltOf(header: Buffer): Buffer | undefined {
  if (header.length < segmentHeaderBytes) {
    return undefined;
  }
  if (!header.subarray(0, 8).equals(magic)) {
    const version = header.toString("latin1", 0, 8);
    if (anyVersion.test(version)) {
      throw new SegmentFormatError(
        `its format is ${version}, and ${magic.toString()} is read here`,
      );
    }
    return undefined;
  }
  return crc32(header.subarray(0, 16)) === header.readUInt32LE(16)
    ? Buffer.from(header.subarray(8, 16))
    : undefined;
}

/**
 * Writes the frame of a payload of `parts` that lies at `offset` of its segment into `bytes` at
 * `at`.
 */
export function writeFrame(
  bytes: Buffer,
  at: number,
  salt: Buffer,
  offset: number,
  parts: readonly Uint8Array[],
): void {
  const start = at + frameHeaderBytes;
  let end = start;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  bytes.writeUInt32LE(frameMark, at);
  bytes.writeUInt32LE(end - start, at + 4);
  const crc = crc32(bytes.subarray(start, end), frameSeed(salt, offset, end - start));
  bytes.writeUInt32LE(crc, at + 8);
}

function frameSeed(salt: Buffer, offset: number, length: number): number {
  const seed = Buffer.allocUnsafe(20);
  salt.copy(seed, 0);
  seed.writeBigUInt64LE(BigInt(offset), 8);
  seed.writeUInt32LE(length, 16);
  return crc32(seed);
}

/**
 * Reads the records of a segment in order, about a megabyte in memory at a time. Damage is stepped
 * over to the next intact frame and reported through `scan`, which is complete when the iteration
 * ends.
 */
export async function* readSegment(
  file: string,
  scan: SegmentScan = emptyScan(),
): AsyncGenerator<SegmentRecord> {
  for await (const records of readSegmentRecords(file, scan)) {
    yield* records;
  }
}

/**
 * The same, as many records at a time as a read brings: about a megabyte, or one larger record.
 *
 * @param room memory of `segmentWindowBytes` in which payloads lie until the next records are
 *   asked for; without it they have memory of their own
 */
export async function* readSegmentRecords(
  file: string,
  scan: SegmentScan = emptyScan(),
  room?: Buffer,
): AsyncGenerator<SegmentRecord[]> {
  const handle = await fs.open(file, "r");
  try {
    const { size } = await handle.stat();
    const salt = saltOf(await readAt(handle, 0, Math.min(size, segmentHeaderBytes)));
    if (salt === undefined) {
      // A header is on the disk before the first record: behind a bad one there were records.
      scan[size > segmentHeaderBytes ? "damagedBytes" : "tornBytes"] = size;
      return;
    }
    scan.validBytes = segmentHeaderBytes;
    let offset: number | undefined = segmentHeaderBytes;
    while (offset !== undefined && offset < size) {
      const { records, next } = await readWindow({ handle, salt, size, room }, offset);
      if (records.length === 0) {
        offset = await findMark(handle, offset + 1, size);
        continue;
      }
      scan.damagedBytes += offset - scan.validBytes;
      scan.validBytes = next;
      scan.records += records.length;
      yield records;
      offset = next;
    }
    scan.tornBytes = size - scan.validBytes;
  } finally {
    await handle.close();
  }
}

/** Reads a whole segment for its figures only. */
export async function scanSegment(file: string): Promise<SegmentScan> {
  const scan = emptyScan();
  const records = readSegment(file, scan);
  while (!(await records.next()).done) {
    // each payload is checked and dropped
  }
  return scan;
}

/** A scan's figures before it began. */
function emptyScan(): SegmentScan {
  return { records: 0, validBytes: 0, damagedBytes: 0, tornBytes: 0 };
}

/**
 * The intact frames from `offset` on, as far as one read reaches; none where the first of them
 * isn't intact.
 */
async function readWindow(
  { handle, salt, size, room }: { handle: FileHandle; salt: Buffer; size: number; room?: Buffer },
  offset: number,
): Promise<{ records: SegmentRecord[]; next: number }> {
  // Payloads are views into the window.
  let window = await readAt(handle, offset, Math.min(segmentWindowBytes, size - offset), room);
  const end = frameEnd(window, 0);
  if (end > window.length && offset + end <= size) {
    window = await readAt(handle, offset, end);
  }
  const records: SegmentRecord[] = [];
  let at = 0;
  for (;;) {
    const payload = frameIn(window, at, salt, offset + at);
    if (payload === undefined) {
      return { records, next: offset + at };
    }
    records.push({ payload, offset: offset + at });
    at += frameHeaderBytes + payload.length;
  }
}

/** Where a frame ends that begins at `at`, if it is one. */
function frameEnd(window: Buffer, at: number): number {
  if (window.length - at < frameHeaderBytes || window.readUInt32LE(at) !== frameMark) {
    return 0;
  }
  const length = window.readUInt32LE(at + 4);
  return length > maxPayloadBytes ? 0 : at + frameHeaderBytes + length;
}

function frameIn(window: Buffer, at: number, salt: Buffer, offset: number): Buffer | undefined {
  const end = frameEnd(window, at);
  if (end === 0 || end > window.length) {
    return undefined;
  }
  const payload = window.subarray(at + frameHeaderBytes, end);
  const crc = crc32(payload, frameSeed(salt, offset, payload.length));
  return crc === window.readUInt32LE(at + 8) ? payload : undefined;
}

async function findMark(
  handle: FileHandle,
  from: number,
  size: number,
): Promise<number | undefined> {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(frameMark, 0);
  for (let start = from; start < size; start += segmentWindowBytes - 3) {
    const chunk = await readAt(handle, start, Math.min(segmentWindowBytes, size - start));
    const index = chunk.indexOf(mark);
    if (index >= 0) {
      return start + index;
    }
    if (start + chunk.length >= size) {
      return undefined;
    }
  }
  return undefined;
}

async function readAt(
  handle: FileHandle,
  offset: number,
  length: number,
  room?: Buffer,
): Promise<Buffer> {
  const buffer = room?.subarray(0, length) ?? Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) {
      return buffer.subarray(0, done);
    }
    done += bytesRead;
  }
  return buffer;
}
