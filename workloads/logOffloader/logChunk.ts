import type { Fingerprint } from "./fileIdentity";

/** What a tracked file is: enough to find it again after a restart. */
export interface FileFacts {
  uid: string;
  device: string;
  inode: string;
  /** Nanoseconds since 1970; 0 where the file system knows none. */
  birth: string;
  generation: number;
  fingerprint: Fingerprint;
  session: string;
  /** First name below the session's `logs` folder; the `file` column. */
  file: string;
  names: string[];
}

/** A run of bytes of one file, as it waits in the segment log. */
export interface LogChunk {
  facts: FileFacts;
  /** Offset of the first byte in the file. */
  start: number;
  /** Number of the line that the first byte belongs to, from 1. */
  line: number;
  /** Newlines in it. */
  lines: number;
  /** Milliseconds since 1970 when the bytes were read; the first chunk's day is the part's partition. */
  readAt: number;
  /** Of the file's bytes up to this chunk's end; null where earlier ones weren't hashed after a restart. */
  sha256: string | null;
}

/** A chunk's payload in the segment log: u32 length of the JSON, the JSON, the bytes. */
export function encodeChunk(chunk: LogChunk, bytes: Uint8Array): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(chunk), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length, 0);
  return [length, json, bytes];
}

/** Reads what `encodeChunk` wrote. */
export function decodeChunk(payload: Buffer): { chunk: LogChunk; bytes: Buffer } {
  const end = 4 + payload.readUInt32LE(0);
  return {
    chunk: JSON.parse(payload.toString("utf8", 4, end)) as LogChunk,
    bytes: payload.subarray(end),
  };
}

const NEWLINE = 0x0a;

/**
 * How many of these bytes make a chunk: up to the last newline; when there is none, all but a character
 * that is cut at the end, provided the buffer is full or the caller can't wait for more; otherwise 0.
 */
export function chunkLength(bytes: Buffer, mayCutLine: boolean): number {
  const lastNewline = bytes.lastIndexOf(NEWLINE);
  if (lastNewline >= 0) {
    return lastNewline + 1;
  }
  return mayCutLine ? bytes.length - cutCharacterBytes(bytes) : 0;
}

/** Bytes of an unfinished UTF-8 character at the end, 0–3; 0 when the end can't become a character. */
export function cutCharacterBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      // Bytes that are cut characters only: waiting for them would never end.
      return length > back && back < bytes.length ? back : 0;
    }
    if (byte < 0x80) {
      return 0;
    }
  }
  return 0;
}

/** Newlines in the bytes. */
export function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
    count += 1;
  }
  return count;
}
