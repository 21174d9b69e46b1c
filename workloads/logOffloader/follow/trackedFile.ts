import { createHash, type Hash } from "node:crypto";
import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { BlockSums } from "./blockSums";
import type { FileCheckpoint } from "../state/checkpoint";
import type { FileFacts } from "../state/fileFacts";
import { ignoreAbsence } from "./logTree";
import { hashOfStart } from "./hashOfStart";

/** A file that the tailer follows. */
export interface TrackedFile {
  facts: FileFacts;
  /** Where it was last seen. */
  path: string;
  /** Bytes [0, position) are durable in the segment log or the lake. */
  position: number;
  /** Line number of the byte at `position`. */
  line: number;
  size: number;
  handle: FileHandle | undefined;
  /** Of bytes [0, position); undefined after a restart and at rest, until they are read again. */
  hash: Hash | undefined;
  /** Of bytes [0, position), where `hash` is; undefined as that one is. */
  sums: BlockSums | undefined;
  /**
   * Of bytes [0, position); known after a restart too, unless only a part of them was read by this
   * run.
   */
  readSha256: string | null;
  /** The last of bytes [0, position), up to 1 KiB; empty after a restart and at rest. */
  tail: Buffer;
  /** Time of change when its content was last compared; undefined until then. */
  checkedNs: bigint | undefined;
  /** Time of modification when its end was last reached. */
  modifiedNs: bigint | undefined;
  /**
   * When bytes were last read: milliseconds of `performance.now()`, which no setting of the clock
   * moves.
   */
  activeAt: number;
  /** Since when a line without its end waits, by the same clock. */
  partialSince: number | undefined;
  /** A task works with its descriptor. */
  isBusy: boolean;
  /** No name led to it at the last whole look; an open descriptor may still have its bytes. */
  isMissing: boolean;
  isRemoved: boolean;
  /** Of all bytes, once the file is gone. */
  finalSha256: string | null;
}

/**
 * A file that was touched is compared whole up to this length: a rotation gives it another name,
 * and so another time of change, without a write.
 */
export const touchedBytes = 8 << 20;

// One for all: of a hundred thousand files each has a tail, and most are at rest.
const noBytes = Buffer.alloc(0);

/** Follows a file from its first byte. */
export function trackNew(facts: FileFacts, path: string): TrackedFile {
  return {
    facts,
    path,
    position: 0,
    line: 1,
    size: 0,
    handle: undefined,
    hash: createHash("sha256"),
    sums: new BlockSums(),
    readSha256: null,
    tail: noBytes,
    checkedNs: undefined,
    modifiedNs: undefined,
    activeAt: performance.now(),
    partialSince: undefined,
    isBusy: false,
    isMissing: false,
    isRemoved: false,
    finalSha256: null,
  };
}

/** Follows a file on from a checkpoint; it is found again by its identity. */
export function trackFrom(checkpoint: FileCheckpoint): TrackedFile {
  return {
    ...trackNew(checkpoint.facts, ""),
    position: checkpoint.committed,
    line: checkpoint.line,
    size: checkpoint.committed,
    ...(checkpoint.committed === 0 ? {} : { hash: undefined, sums: undefined }),
    readSha256: checkpoint.readSha256,
    isRemoved: checkpoint.isRemoved,
    finalSha256: checkpoint.sha256,
  };
}

/**
 * Whether the running hash, the sums and the tail of a file at rest can be had from the file again,
 * for little.
 */
function isCheapToCompare(file: TrackedFile): boolean {
  return file.readSha256 !== null && file.position <= touchedBytes;
}

/**
 * Closes a file's descriptor, and keeps no more of it in memory than is needed to know it again.
 */
export async function closeHandle(file: TrackedFile): Promise<void> {
  const { handle } = file;
  file.handle = undefined;
  if (isCheapToCompare(file)) {
    file.hash = undefined;
    file.sums = undefined;
    file.tail = noBytes;
  }
  await handle?.close();
}

/**
 * SHA-256 of the bytes that were read. Where a restart lost the running hash, the file is read once
 * more; null when it isn't there any longer.
 */
export async function sha256OfRead(file: TrackedFile): Promise<string | null> {
  if (file.finalSha256 !== null || file.readSha256 !== null) {
    return file.finalSha256 ?? file.readSha256;
  }
  file.hash ??= await rehash(file);
  return file.hash?.copy().digest("hex") ?? null;
}

async function rehash(file: TrackedFile): Promise<Hash | undefined> {
  if (file.isRemoved && file.handle === undefined) {
    return undefined;
  }
  const handle = file.handle ?? (await ignoreAbsence(fs.open(file.path, "r")));
  if (handle === undefined) {
    return undefined;
  }
  try {
    const { dev, ino } = await handle.stat({ bigint: true });
    const isSame = String(dev) === file.facts.device && String(ino) === file.facts.inode;
    return isSame ? await hashOfStart(handle, file.position) : undefined;
  } finally {
    if (handle !== file.handle) {
      await handle.close();
    }
  }
}
