import { type BigIntStats, type Dirent, lstatSync, promises as fs } from "node:fs";
import { join } from "node:path";
import { setImmediate as yieldToOthers } from "node:timers/promises";

/** A file seen in one scan of Ray's log folders. */
export interface SeenFile {
  /**
   * Device, inode and birth as one text: the same for all names of one file, and another for a
   * recycled inode.
   */
  identity: string;
  path: string;
  session: string;
  /** Path below the session's `logs` folder. */
  file: string;
  device: bigint;
  inode: bigint;
  size: number;
  birthNs: bigint;
  modifiedNs: bigint;
  /** Time of the last change; unlike that of modification, no program sets it. */
  changedNs: bigint;
}

/** What one look found. */
export interface LogScan {
  files: SeenFile[];
  /** All files were looked for: one that isn't among them is gone. */
  isWhole: boolean;
}

/** Where a file was seen before. */
export interface KnownPlace {
  path: string;
  session: string;
  file: string;
}

/** Looks at Ray's log folders again and again. */
export interface LogTree {
  /**
   * Looks at every file where a folder changed or the last whole look is some time ago, and
   * otherwise at the `hot` ones only: ten thousand files of dead workers must not cost a core.
   */
  scan(hot: Iterable<KnownPlace>, mustBeWhole: boolean): Promise<LogScan>;
}

// What a whole look finds costs as much again to compare. Both take at most a fortieth of the time,
// and a quiet file that grows is seen within 5 s.
const restFactor = 80;
const minRestMs = 1_000;
const maxRestMs = 5_000;
const filesATurn = 500;
// Linux stamps a write with the time of the last clock tick, up to 10 ms old.
const clockTickNs = 50_000_000n;

/**
 * Follows the regular files of every session, not only of the one that `session_latest` points to:
 * a new Ray in the same directory moves the link while the old files still have unread bytes. Links
 * are not followed, so a loop can't trap the scan. What vanishes during the scan is left out; a
 * folder that can't be read is reported and makes the look a partial one.
 */
export function makeLogTree(
  rayDirectory: string,
  onFolderError: (folder: string, error: unknown) => void,
): LogTree {
  let folders = new Map<string, bigint>();
  let nextWholeAt = 0;

  async function whole(): Promise<LogScan> {
    const started = performance.now();
    const scan: LogScan = { files: [], isWhole: true };
    folders = new Map();
    for (const session of await entriesOf(rayDirectory, scan)) {
      if (session.isDirectory() && session.name.startsWith("session_")) {
        const below = join(rayDirectory, session.name);
        remember(below);
        const logs = join(below, "logs");
        // Read by name, not from a listing that tells a link from a folder.
        if (statOf(logs)?.isDirectory() === true) {
          await scanFolder(logs, "", session.name, scan);
        }
      }
    }
    const rest = Math.min(maxRestMs, restFactor * (performance.now() - started));
    nextWholeAt = performance.now() + Math.max(minRestMs, rest);
    return scan;
  }

  async function scanFolder(
    folder: string,
    below: string,
    session: string,
    scan: LogScan,
  ): Promise<void> {
    for (const [index, entry] of (await entriesOf(folder, scan)).entries()) {
      const full = join(folder, entry.name);
      const file = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        await scanFolder(full, file, session, scan);
      } else if (entry.isFile()) {
        const seen = lookAt({ path: full, session, file });
        if (seen !== undefined) {
          scan.files.push(seen);
        }
      }
      if (index % filesATurn === filesATurn - 1) {
        await yieldToOthers();
      }
    }
  }

  async function entriesOf(folder: string, scan: LogScan): Promise<Dirent[]> {
    try {
      remember(folder);
      return (await ignoreAbsence(fs.readdir(folder, { withFileTypes: true }))) ?? [];
    } catch (error) {
      scan.isWhole = false;
      onFolderError(folder, error);
      return [];
    }
  }

  // Taken before the folder is read: a name that comes meanwhile changes it once more.
  function remember(folder: string): void {
    const facts = statOf(folder);
    if (facts !== undefined) {
      folders.set(folder, isSettled(facts.mtimeNs) ? facts.mtimeNs : -1n);
    }
  }

  const hasChanged = () =>
    [...folders].some(([folder, modifiedNs]) => statOf(folder)?.mtimeNs !== modifiedNs);

  return {
    async scan(hot, mustBeWhole) {
      if (mustBeWhole || performance.now() >= nextWholeAt || hasChanged()) {
        return whole();
      }
      const files = [...hot].map(lookAt).filter((seen) => seen !== undefined);
      return { files, isWhole: false };
    },
  };
}

/**
 * Whether an equal time of change later on means that nothing was written since: a change of just
 * now may be followed by another one under the same stamp.
 */
export function isSettled(changedNs: bigint): boolean {
  const age = BigInt(Date.now()) * 1_000_000n - changedNs;
  return age > clockTickNs || age < -clockTickNs;
}

/** What a file is known by. */
export function identityOf(
  device: bigint | string,
  inode: bigint | string,
  birthNs: bigint | string,
): string {
  return `${device}:${inode}:${birthNs}`;
}

function lookAt(place: KnownPlace): SeenFile | undefined {
  const facts = statOf(place.path);
  return facts?.isFile() !== true
    ? undefined
    : {
        path: place.path,
        session: place.session,
        file: place.file,
        device: facts.dev,
        inode: facts.ino,
        identity: identityOf(facts.dev, facts.ino, facts.birthtimeNs),
        size: Number(facts.size),
        birthNs: facts.birthtimeNs,
        modifiedNs: facts.mtimeNs,
        changedNs: facts.ctimeNs,
      };
}

// In this thread: ten thousand of these cost 40 ms here, and ten times as much through a pool.
function statOf(file: string): BigIntStats | undefined {
  try {
    return lstatSync(file, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw error;
  }
}

/** The result, or undefined when the file or folder isn't there (any more). */
export async function ignoreAbsence<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}
