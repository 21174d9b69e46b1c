import type { FileFacts } from "./fileFacts";

/** A run of bytes of one file, as it waits in the segment log. */
export interface LogChunk {
  facts: FileFacts;
  /** Offset of the first byte in the file. */
  start: number;
  /** Number of the line that the first byte belongs to, from 1. */
  line: number;
  /** Newlines in it. */
  lines: number;
  /**
   * Milliseconds since 1970 when the bytes were read; the first chunk's day is the part's
   * partition.
   */
  readAt: number;
  /**
   * Of the file's bytes up to this chunk's end; null where earlier ones weren't hashed after a
   * restart.
   */
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
