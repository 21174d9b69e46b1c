import type { FileHandle } from "node:fs/promises";
import { chunkLength, countLines } from "@mlplatform/lake/rayLogs/lineChunks";
import type { SegmentLog } from "@mlplatform/lake/segmentLog/segmentLog";
import { encodeChunk } from "../state/logChunk";
import { fingerprintBytes, fingerprintOf } from "./fileIdentity";
import { nextTail } from "./sameContent";
import type { TrackedFile } from "./trackedFile";

/** What the reader works with. */
export interface ChunkReaderOptions {
  log: SegmentLog;
  /** A line without its end is read as far as it is after this long. */
  partialLineMs: number;
  onRead: (bytes: number) => void;
}

/** What one read brought. */
export interface ReadChunk {
  length: number;
  hasMore: boolean;
}

/** Makes the bytes that come next in a file durable in the segment log. */
export interface ChunkReader {
  /** Up to 1 MiB in whole lines. `isFinal`: a cut line is taken too. */
  read(file: TrackedFile, isFinal: boolean): Promise<ReadChunk>;
}

const chunkBytes = 1 << 20;
const smallChunkBytes = 16 << 10;
const nothing: ReadChunk = { length: 0, hasMore: false };

/** Makes a reader; `onChunk` hears of each file that a chunk was read of. */
export function makeChunkReader(
  options: ChunkReaderOptions,
  onChunk: (file: TrackedFile) => void,
): ChunkReader {
  const longBuffers: Buffer[] = [];
  const smallBuffers: Buffer[] = [];

  async function read(file: TrackedFile, isFinal: boolean): Promise<ReadChunk> {
    const { handle } = file;
    if (handle === undefined) {
      return nothing;
    }
    // Most reads are of a few lines, and as many files at once must not take a megabyte each.
    const isLong = file.size - file.position > smallChunkBytes / 2;
    const pool = isLong ? longBuffers : smallBuffers;
    const buffer = pool.pop() ?? Buffer.allocUnsafe(isLong ? chunkBytes : smallChunkBytes);
    try {
      return await readInto(buffer, file, handle, isFinal);
    } finally {
      // The log has its bytes on disk, and the tail is a copy.
      pool.push(buffer);
    }
  }

  async function readInto(
    buffer: Buffer,
    file: TrackedFile,
    handle: FileHandle,
    isFinal: boolean,
  ): Promise<ReadChunk> {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, file.position);
    if (bytesRead === 0) {
      const { size, mtimeNs } = await handle.stat({ bigint: true });
      file.modifiedNs = Number(size) === file.position ? mtimeNs : undefined;
      return nothing;
    }
    file.size = Math.max(file.size, file.position + bytesRead);
    file.partialSince ??= performance.now();
    const waited = performance.now() - file.partialSince >= options.partialLineMs;
    const isFull = bytesRead === buffer.length;
    const available = buffer.subarray(0, bytesRead);
    // At the end even a cut character is taken: its other bytes may never come.
    const length =
      isFinal && !isFull ? bytesRead : chunkLength(available, isFinal || isFull || waited);
    if (length === 0) {
      return nothing;
    }
    const bytes = available.subarray(0, length);
    if (file.facts.fingerprint.length < fingerprintBytes) {
      await growFingerprint(file, handle);
    }
    const { position, line } = file;
    const facts = { ...file.facts };
    const hash = file.hash?.copy().update(bytes);
    const sha256 = hash?.copy().digest("hex") ?? null;
    const lines = countLines(bytes);
    const chunk = { facts, start: position, line, lines, readAt: Date.now(), sha256 };
    await options.log.append(encodeChunk(chunk, bytes));
    file.position = position + length;
    file.hash = hash;
    file.sums?.add(bytes);
    file.readSha256 = sha256;
    file.tail = nextTail(file.tail, bytes);
    file.line = line + lines;
    file.activeAt = performance.now();
    file.partialSince = undefined;
    onChunk(file);
    options.onRead(length);
    return { length, hasMore: true };
  }

  return { read };
}

async function growFingerprint(file: TrackedFile, handle: FileHandle): Promise<void> {
  const wanted = Math.min(fingerprintBytes, file.size);
  file.facts.fingerprint = (await fingerprintOf(handle, wanted)) ?? file.facts.fingerprint;
}
