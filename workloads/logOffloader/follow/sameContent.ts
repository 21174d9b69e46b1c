import type { FileHandle } from "node:fs/promises";
import { BlockSums } from "./blockSums";
import { fingerprintOf } from "./fileIdentity";
import { hashOfStart } from "./hashOfStart";
import { touchedBytes, type TrackedFile } from "./trackedFile";

// A file that grows is compared at every poll, so only a short one is compared whole.
const grownBytes = 64 << 10;
const tailBytes = 1 << 10;
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
