import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { BlockSums } from "./blockSums";

const readBytes = 1 << 20;

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
