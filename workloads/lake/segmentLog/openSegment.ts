import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "./durableFile";
import { saltOf, segmentHeader } from "./segmentFile";

/** The segment that records are appended to. */
export interface OpenSegment {
  sequence: number;
  file: string;
  handle: FileHandle;
  salt: Buffer;
  bytes: number;
  records: number;
}

/**
 * Makes the file of a segment with its header; `isSynced`: both are on the disk when it resolves.
 * Where it rejects there is no file.
 */
export async function openSegment(
  file: string,
  sequence: number,
  isSynced: boolean,
): Promise<OpenSegment> {
  const header = segmentHeader();
  const handle = await fs.open(file, "wx", 0o600);
  try {
    await handle.writeFile(header);
    if (isSynced) {
      await handle.sync();
      await syncDirectory(dirname(file));
    }
  } catch (error) {
    await handle.close();
    await fs.rm(file, { force: true });
    throw error;
  }
  return { sequence, file, handle, salt: saltOf(header)!, bytes: header.length, records: 0 };
}
