import { randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Flushes a directory, so that a name made, renamed or removed in it survives a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await fs.open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A name beside `target` that no other write uses; it stays in the same directory so that rename is
 * atomic.
 */
export function temporaryPathBeside(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
}

/**
 * Flushes a finished temporary file and gives it its final name; readers see all of it or nothing.
 */
export async function publishFile(temporary: string, target: string): Promise<void> {
  const handle = await fs.open(temporary, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fs.rename(temporary, target);
  await syncDirectory(dirname(target));
}

/**
 * Replaces a small file whole: after a crash it holds the old content or the new one, never a
 * mixture.
 */
export async function writeFileDurably(
  target: string,
  content: string | Uint8Array | Iterable<string>,
): Promise<void> {
  const temporary = temporaryPathBeside(target);
  try {
    await fs.writeFile(temporary, content, { mode: 0o600 });
    await publishFile(temporary, target);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Removes temporary files that a killed writer left in `directory`; call it before the first write.
 */
export async function removeTemporaryFiles(directory: string): Promise<number> {
  const leftovers = (await fs.readdir(directory)).filter((name) => /^\..*\.tmp$/.test(name));
  await Promise.all(leftovers.map((name) => fs.rm(join(directory, name), { force: true })));
  return leftovers.length;
}
