import { type Dirent, promises as fs } from "node:fs";
import * as path from "node:path";

/** A file seen in one scan of Ray's log folders. */
export interface SeenFile {
  path: string;
  session: string;
  /** Path below the session's `logs` folder. */
  file: string;
  device: bigint;
  inode: bigint;
  size: number;
  birthNs: bigint;
  /** Time of the last change; unlike that of modification, no program sets it. */
  changedNs: bigint;
}

/**
 * Lists the regular files of every session, not only of the one that `session_latest` points to: a new
 * Ray in the same directory moves the link while the old files still have unread bytes. Links are not
 * followed, so a loop can't trap the scan. What vanishes during the scan is left out.
 */
export async function scanLogTree(rayDirectory: string): Promise<SeenFile[]> {
  const seen: SeenFile[] = [];
  for (const session of await entriesOf(rayDirectory)) {
    if (session.isDirectory() && session.name.startsWith("session_")) {
      const logs = path.join(rayDirectory, session.name, "logs");
      await scanFolder(logs, "", session.name, seen);
    }
  }
  return seen;
}

async function scanFolder(
  folder: string,
  below: string,
  session: string,
  seen: SeenFile[],
): Promise<void> {
  for (const entry of await entriesOf(folder)) {
    const full = path.join(folder, entry.name);
    const file = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      await scanFolder(full, file, session, seen);
    } else if (entry.isFile()) {
      const facts = await ignoreAbsence(fs.lstat(full, { bigint: true }));
      if (facts?.isFile() === true) {
        seen.push({
          path: full,
          session,
          file,
          device: facts.dev,
          inode: facts.ino,
          size: Number(facts.size),
          birthNs: facts.birthtimeNs,
          changedNs: facts.ctimeNs,
        });
      }
    }
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return (await ignoreAbsence(fs.readdir(folder, { withFileTypes: true }))) ?? [];
}

/** The result, or undefined when the file or folder isn't there (any more). */
export async function ignoreAbsence<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      return undefined;
    }
    throw error;
  }
}
