import { promises as fs, writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { removeTemporaryFiles, syncDirectory } from "./durableFile";
import { failpoint } from "./failpoint";
import { openSegment, type OpenSegment } from "./openSegment";
import { recoverSegments, segmentName, type SegmentLogRecovery } from "./recoverSegments";
import {
  frameHeaderBytes,
  maxPayloadBytes,
  readSegment,
  type SealedSegment,
  type SegmentRecord,
  writeFrame,
} from "./segmentFile";
import { openSegmentNumbers } from "./segmentNumbers";

/** How a segment log is bounded. */
export interface SegmentLogOptions {
  directory: string;
  /** A segment is sealed when it has this many bytes. @default 64 MiB */
  segmentBytes?: number;
  /**
   * Bytes that all segments may take on disk; then `append` throws `SegmentLogFullError`.
   * @default 4 GiB
   */
  maxBytes?: number;
  /**
   * Bytes that may wait in memory for the disk; then `append` throws `SegmentLogFullError`.
   * @default 256 MiB
   */
  maxPendingBytes?: number;
  /**
   * Sync each group of records before `append` resolves. Without it a record survives the end of
   * the process and may not survive that of the machine.
   * @default true
   */
  syncsRecords?: boolean;
}

/** Where a durable record lies. */
export interface AppendedRecord {
  sequence: number;
  offset: number;
}

/** The log is at its bound; nothing was written. Try again when a segment was removed. */
export class SegmentLogFullError extends Error {
  override readonly name = "SegmentLogFullError";
}

/**
 * An append-only log of records in numbered segment files. `append` resolves when the record is on
 * disk (one fdatasync serves all that waited), so a caller may acknowledge it. Segments are sealed
 * by size or on request, read back in order, and removed once their content is stored elsewhere.
 */
export interface SegmentLog {
  readonly recovery: SegmentLogRecovery;
  /**
   * Writes one record; `parts` are joined. Rejects with the disk's error, and then nothing was
   * kept.
   */
  append(parts: readonly Uint8Array[]): Promise<AppendedRecord>;
  /** Seals the open segment if it has records. */
  seal(): Promise<void>;
  /** Sealed segments, oldest first. */
  sealed(): SealedSegment[];
  /** A sealed segment's records in order of writing. */
  read(segment: SealedSegment): AsyncGenerator<SegmentRecord>;
  /** Deletes a sealed segment; its number is never used again. */
  remove(segment: SealedSegment): Promise<void>;
  /** Bytes on disk, and in memory before the disk. */
  size(): { diskBytes: number; pendingBytes: number; openRecords: number };
  /** Waits for records on their way, seals, and closes. Later appends reject. */
  close(): Promise<void>;
}

interface PendingRecord {
  parts: readonly Uint8Array[];
  bytes: number;
  resolve: (record: AppendedRecord) => void;
  reject: (error: unknown) => void;
}

const mib = 1 << 20;
const maxGroupRecords = 1024;
const maxGroupBytes = 4 * mib;
const maxGatherTurns = 8;
// Where nothing else waits for the disk, a number doesn't either: a restart leaves some of these
// out.
const reservedSequences = 255;

/**
 * Opens (or makes) the log in `directory` and repairs what a crash left. One process at a time: see
 * instanceLock.
 */
export async function openSegmentLog(options: SegmentLogOptions): Promise<SegmentLog> {
  const { directory, segmentBytes = 64 * mib, maxBytes = 4096 * mib } = options;
  const maxPendingBytes = options.maxPendingBytes ?? 256 * mib;
  const syncsRecords = options.syncsRecords ?? true;
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  await removeTemporaryFiles(directory);
  const { sealed, recovery, lastSequence } = await recoverSegments(directory);
  const ahead = syncsRecords ? 0 : reservedSequences;
  const numbers = await openSegmentNumbers(directory, lastSequence, ahead);
  let diskBytes = sealed.reduce((sum, segment) => sum + segment.bytes, 0);
  let pendingBytes = 0;
  let pending: PendingRecord[] = [];
  let open: OpenSegment | undefined;
  let isClosed = false;
  let isFlushScheduled = false;
  let tail: Promise<void> = Promise.resolve();
  let room: Buffer = Buffer.alloc(0);

  // Everything that touches the open segment runs in this chain, one step after the other.
  function inOrder<T>(step: () => Promise<T>): Promise<T> {
    const result = tail.then(step);
    tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async function openNext(): Promise<OpenSegment> {
    const sequence = await numbers.next();
    open = await openSegment(join(directory, segmentName(sequence)), sequence, syncsRecords);
    numbers.take();
    diskBytes += open.bytes;
    return open;
  }

  async function sealOpen(): Promise<void> {
    if (open === undefined || open.records === 0) {
      return;
    }
    const { handle, sequence, file, bytes, records } = open;
    open = undefined;
    await handle.close();
    sealed.push({ sequence, file, bytes, records });
  }

  // After what else this turn of the event loop brings, and while the next ones bring more:
  // requests come together, and one sync serves all. A record that comes alone waits for none.
  function scheduleFlush(): void {
    if (!isFlushScheduled) {
      isFlushScheduled = true;
      gather(pending.length, maxGatherTurns);
    }
  }

  function gather(known: number, turns: number): void {
    setImmediate(() => {
      if (pending.length > known && turns > 0) {
        gather(pending.length, turns - 1);
        return;
      }
      isFlushScheduled = false;
      void inOrder(flushGroup).then(() => {
        if (pending.length > 0) {
          scheduleFlush();
        }
      });
    });
  }

  // One group is written after the other, so that an ordinary one takes the room of the one before.
  function groupBuffer(bytes: number): Buffer {
    if (bytes > 2 * maxGroupBytes) {
      return Buffer.allocUnsafe(bytes);
    }
    if (room.length < bytes) {
      room = Buffer.allocUnsafe(Math.min(2 * bytes, 2 * maxGroupBytes));
    }
    return room.subarray(0, bytes);
  }

  async function flushGroup(): Promise<void> {
    const group = takeGroup(pending);
    pending = pending.slice(group.length);
    if (group.length === 0) {
      return;
    }
    try {
      const segment = open ?? (await openNext());
      const start = segment.bytes;
      // One buffer: gathering a thousand small ones costs the system call more than copying them.
      const bytes = groupBuffer(group.reduce((sum, record) => sum + record.bytes, 0));
      const placed: AppendedRecord[] = [];
      let offset = start;
      for (const record of group) {
        writeFrame(bytes, offset - start, segment.salt, offset, record.parts);
        placed.push({ sequence: segment.sequence, offset });
        offset += record.bytes;
      }
      try {
        writeFully(segment.handle, bytes, start);
        failpoint("log.written");
        if (syncsRecords) {
          await segment.handle.datasync();
        }
        failpoint("log.synced");
      } catch (error) {
        await abandonTail(segment, start);
        throw error;
      }
      segment.bytes = offset;
      segment.records += group.length;
      diskBytes += offset - start;
      group.forEach((record, index) => record.resolve(placed[index]!));
    } catch (error) {
      group.forEach((record) => record.reject(error));
    } finally {
      pendingBytes -= group.reduce((sum, record) => sum + record.bytes, 0);
    }
    if (open !== undefined && open.bytes >= segmentBytes) {
      await sealOpen();
    }
  }

  // After a failed write or sync the pages' state is unknown (a second fsync may report success for
  // lost pages), so this segment ends at its last acknowledged byte and the next group opens a new
  // one.
  async function abandonTail(segment: OpenSegment, end: number): Promise<void> {
    open = undefined;
    try {
      await segment.handle.truncate(end);
      await segment.handle.sync();
    } finally {
      await segment.handle.close();
      if (segment.records > 0) {
        const { sequence, file, records } = segment;
        sealed.push({ sequence, file, bytes: end, records });
      } else {
        diskBytes -= end;
        await fs.rm(segment.file, { force: true });
      }
    }
  }

  return {
    recovery,
    append(parts) {
      const bytes = parts.reduce((sum, part) => sum + part.length, frameHeaderBytes);
      if (isClosed) {
        return Promise.reject(new Error(`segment log ${directory} is closed`));
      }
      if (bytes - frameHeaderBytes > maxPayloadBytes) {
        return Promise.reject(
          new RangeError(`a record has ${bytes} bytes; the most is ${maxPayloadBytes}`),
        );
      }
      const after = diskBytes + pendingBytes + bytes;
      if (after > maxBytes || pendingBytes + bytes > maxPendingBytes) {
        return Promise.reject(
          new SegmentLogFullError(
            `segment log ${directory} is full: ${diskBytes} bytes on disk of ${maxBytes}, ` +
              `${pendingBytes} waiting of ${maxPendingBytes}, ${bytes} more asked for`,
          ),
        );
      }
      pendingBytes += bytes;
      return new Promise((resolve, reject) => {
        pending.push({ parts, bytes, resolve, reject });
        scheduleFlush();
      });
    },
    seal: () => inOrder(sealOpen),
    sealed: () => [...sealed],
    read: (segment) => readSegment(segment.file),
    async remove(segment) {
      const index = sealed.findIndex((each) => each.sequence === segment.sequence);
      if (index < 0) {
        throw new Error(`segment ${segment.sequence} of ${directory} is not sealed or was removed`);
      }
      await fs.rm(segment.file);
      if (syncsRecords) {
        await syncDirectory(directory);
      }
      sealed.splice(index, 1);
      diskBytes -= segment.bytes;
    },
    size: () => ({ diskBytes, pendingBytes, openRecords: open?.records ?? 0 }),
    async close() {
      isClosed = true;
      await inOrder(async () => {
        while (pending.length > 0) {
          await flushGroup();
        }
        await sealOpen();
        await open?.handle.close();
        open = undefined;
      });
    },
  };
}

function takeGroup(pending: readonly PendingRecord[]): PendingRecord[] {
  const group: PendingRecord[] = [];
  let bytes = 0;
  for (const record of pending) {
    if (group.length >= maxGroupRecords || (group.length > 0 && bytes > maxGroupBytes)) {
      break;
    }
    group.push(record);
    bytes += record.bytes;
  }
  return group;
}

// Into the page cache, at once: handing a few kilobytes to another thread costs more than copying
// them, and the sync that follows is what takes time.
function writeFully(handle: FileHandle, bytes: Buffer, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(handle.fd, bytes, done, bytes.length - done, position + done);
  }
}
