import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Fingerprint } from "../state/fileFacts";
import type { SeenFile } from "./logTree";

/** Bytes that a full fingerprint covers. */
export const fingerprintBytes = 1024;

/** The fingerprint of a file's first `length` bytes. Undefined when the file is shorter now. */
export async function fingerprintOf(
  handle: FileHandle,
  length: number,
): Promise<Fingerprint | undefined> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, 0);
  return bytesRead < length ? undefined : fingerprintOfBytes(bytes);
}

/** The fingerprint of these first bytes of a file. */
function fingerprintOfBytes(start: Buffer): Fingerprint {
  const bytes = start.subarray(0, fingerprintBytes);
  return { length: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/**
 * The id of one life of a file: 24 hexadecimal digits. Inode numbers come back (Ray's rotation used
 * 8 for 79 files), so the time of birth is part of it, and a generation that grows when the content
 * turns out to be another one. Where the file system knows no birth, the first bytes stand in.
 * `salt` makes other ids of the same files.
 */
export function fileUid(seen: SeenFile, generation: number, first: Fingerprint, salt = ""): string {
  const birth = seen.birthNs > 0n ? String(seen.birthNs) : first.sha256;
  return createHash("sha256")
    .update([seen.device, seen.inode, birth, generation, salt].filter(String).join(":"))
    .digest("hex")
    .slice(0, 24);
}
