import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { BlockSums } from "./blockSums";
import { fingerprintOf } from "./fileIdentity";
import type { TrackedFile } from "./trackedFile";

// A file that grows is compared at every poll, so only a short one is compared whole.
const grownBytes = 64 << 10;
// A rotation gives a file another name, and so another time of change, without a write.
const touchedBytes = 8 << 20;
const tailBytes = 1 << 10;
const readBytes = 1 << 20;
// Linux stamps a write with the time of the last clock tick, up to 10 ms old.
const clockTickNs = 50_000_000n;

/** What a look at the file says about it. */
export interface FileLook {
  size: number;
  modifiedNs: bigint;
}

/**
 * Whether the bytes that were read of a file still stand at its start. A file is written anew in
 * place with the same size, or a larger one, and its first bytes often stay: so all bytes are
 * compared where the file was written without growing, and after a restart. One that grows is
 * compared whole up to 64 KiB. Beyond, each look compares its first and last 1 KiB and one block of
 * 64 KiB, another one each time. So a file written anew is noticed at the next look, and a change
 * of one block within as many looks that find the file grown as it has blocks. Until then what
 * comes behind is read as the same file's; a change of a few blocks in the middle, made while the
 * file grew for the last time, passes unseen.
 */
export async function isSameContent(
  handle: FileHandle,
  file: TrackedFile,
  look: FileLook,
): Promise<boolean> {
  const { fingerprint } = file.facts;
  if ((await fingerprintOf(handle, fingerprint.length))?.sha256 !== fingerprint.sha256) {
    return false;
  }
  if (file.readSha256 !== null && file.position <= comparedBytes(file, look)) {
    const sums = new BlockSums();
    const hash = await hashOfStart(handle, file.position, sums);
    if (hash?.copy().digest("hex") !== file.readSha256) {
      return false;
    }
    // After a restart the running hash starts from here.
    file.hash ??= hash;
    file.sums ??= sums;
    return true;
  }
  const tail = Buffer.alloc(file.tail.length);
  const { bytesRead } = await handle.read(tail, 0, tail.length, file.position - tail.length);
  if (bytesRead !== tail.length || !tail.equals(file.tail)) {
    return false;
  }
  return file.sums === undefined || file.sums.holdsInNext(handle);
}

function comparedBytes(file: TrackedFile, { size, modifiedNs }: FileLook): number {
  const hasGrown = size > file.position;
  const wasWritten = !hasGrown && modifiedNs !== file.modifiedNs;
  if (file.hash === undefined || wasWritten) {
    return Infinity;
  }
  return hasGrown ? grownBytes : touchedBytes;
}

/** The last bytes that were read, after these were read too. */
export function nextTail(tail: Buffer, bytes: Buffer): Buffer {
  const joined = bytes.length >= tailBytes ? bytes : Buffer.concat([tail, bytes]);
  // A copy: the chunk's own megabyte is not held for its end.
  return Buffer.from(joined.subarray(-tailBytes));
}

/**
 * Whether the running hash, the sums and the tail of a file at rest can be had from the file again,
 * for little.
 */
export function isCheapToCompare(file: TrackedFile): boolean {
  return file.readSha256 !== null && file.position <= touchedBytes;
}

/**
 * Hash of a file's first `length` bytes, which `sums` takes, too; undefined when it is shorter now.
 */
export async function hashOfStart(
  handle: FileHandle,
  length: number,
  sums?: BlockSums,
): Promise<Hash | undefined> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, length));
  for (let at = 0; at < length;) {
    const wanted = Math.min(buffer.length, length - at);
    const { bytesRead } = await handle.read(buffer, 0, wanted, at);
    if (bytesRead === 0) {
      return undefined;
    }
    hash.update(buffer.subarray(0, bytesRead));
    sums?.add(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

/**
 * Whether an equal time of change later on means that nothing was written since: a change of just
 * now may be followed by another one under the same stamp.
 */
export function isSettled(changedNs: bigint): boolean {
  const age = BigInt(Date.now()) * 1_000_000n - changedNs;
  return age > clockTickNs || age < -clockTickNs;
}
