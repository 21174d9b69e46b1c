import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { fingerprintOf } from "./fileIdentity";
import type { TrackedFile } from "./trackedFile";

// A file that grows is compared at every poll, so only a short one is compared whole.
const GROWN_BYTES = 64 << 10;
// One that was touched without growing is a rare sight: Ray's state dumps, written anew in place.
const TOUCHED_BYTES = 8 << 20;
const TAIL_BYTES = 4 << 10;
const READ_BYTES = 1 << 20;
// Linux stamps a write with the time of the last clock tick, up to 10 ms old.
const CLOCK_TICK_NS = 50_000_000n;

/**
 * Whether the bytes that were read of a file still stand at its start. A file is written anew in place
 * with the same size, or a larger one, and its first bytes often stay: so all bytes are compared up to a
 * bound, and beyond it the first 1 KiB and the last 4 KiB. What differs only between them passes as the
 * same file.
 */
export async function isSameContent(
  handle: FileHandle,
  file: TrackedFile,
  size: number,
): Promise<boolean> {
  const { fingerprint } = file.facts;
  if ((await fingerprintOf(handle, fingerprint.length))?.sha256 !== fingerprint.sha256) {
    return false;
  }
  const isKnownToGrow = file.hash !== undefined && size > file.position;
  const bound = isKnownToGrow ? GROWN_BYTES : TOUCHED_BYTES;
  if (file.readSha256 !== null && file.position <= bound) {
    const hash = await hashOfStart(handle, file.position);
    if (hash?.copy().digest("hex") !== file.readSha256) {
      return false;
    }
    // After a restart the running hash starts from here.
    file.hash ??= hash;
    return true;
  }
  const tail = Buffer.alloc(file.tail.length);
  const { bytesRead } = await handle.read(tail, 0, tail.length, file.position - tail.length);
  return bytesRead === tail.length && tail.equals(file.tail);
}

/** The last bytes that were read, after these were read too. */
export function nextTail(tail: Buffer, bytes: Buffer): Buffer {
  const joined = bytes.length >= TAIL_BYTES ? bytes : Buffer.concat([tail, bytes]);
  // A copy: the chunk's own megabyte is not held for its end.
  return Buffer.from(joined.subarray(-TAIL_BYTES));
}

/** Hash of a file's first `length` bytes; undefined when it is shorter now. */
export async function hashOfStart(handle: FileHandle, length: number): Promise<Hash | undefined> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, length));
  for (let at = 0; at < length;) {
    const wanted = Math.min(buffer.length, length - at);
    const { bytesRead } = await handle.read(buffer, 0, wanted, at);
    if (bytesRead === 0) {
      return undefined;
    }
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

/**
 * Whether an equal time of change later on means that nothing was written since: a change of just now
 * may be followed by another one under the same stamp.
 */
export function isSettled(changedNs: bigint): boolean {
  const age = BigInt(Date.now()) * 1_000_000n - changedNs;
  return age > CLOCK_TICK_NS || age < -CLOCK_TICK_NS;
}
