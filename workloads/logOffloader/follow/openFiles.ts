import type { FileHandle } from "node:fs/promises";
import { closeHandle, type TrackedFile } from "./trackedFile";

/**
 * The descriptors that the tailer holds, at most some hundred, and fewer where the process may have
 * only few.
 */
export interface OpenFiles {
  /** Gives a file this descriptor; the least recently used one beyond the bound is closed. */
  hold(file: TrackedFile, handle: FileHandle): Promise<void>;
  /** Notes that a file was read: it is closed later than others. */
  touch(file: TrackedFile): void;
  release(file: TrackedFile): Promise<void>;
  /** Holds half as many from now on: the process may open no more. */
  holdFewer(): Promise<void>;
}

const maxOpenFiles = 400;
const fewestOpenFiles = 8;

/**
 * Makes an empty set. A file that lost its name keeps its descriptor, which alone leads to its
 * bytes.
 */
export function makeOpenFiles(): OpenFiles {
  // In order of use, oldest first.
  const open = new Set<TrackedFile>();
  let most = maxOpenFiles;
  const release = async (file: TrackedFile) => {
    open.delete(file);
    await closeHandle(file);
  };
  const closeOldest = async (kept?: TrackedFile) => {
    for (const other of open) {
      if (open.size <= most) {
        return;
      }
      if (other !== kept && !other.isMissing && !other.isBusy) {
        await release(other);
      }
    }
  };
  return {
    release,
    async holdFewer() {
      most = Math.max(fewestOpenFiles, Math.min(most, open.size) >> 1);
      await closeOldest();
    },
    touch(file) {
      if (open.delete(file)) {
        open.add(file);
      }
    },
    async hold(file, handle) {
      // Not `release`: what was computed to know the file again is for this descriptor, too.
      await file.handle?.close();
      file.handle = handle;
      open.delete(file);
      open.add(file);
      await closeOldest(file);
    },
  };
}

/** Whether the process, or the machine, may open no more. */
export function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}
