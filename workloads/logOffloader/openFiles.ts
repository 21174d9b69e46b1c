import type { FileHandle } from "node:fs/promises";
import { closeHandle, type TrackedFile } from "./trackedFile";

/** The descriptors that the tailer holds, at most some hundred: a container has often 1024. */
export interface OpenFiles {
  /** Gives a file this descriptor; the least recently used one beyond the bound is closed. */
  hold(file: TrackedFile, handle: FileHandle): Promise<void>;
  /** Notes that a file was read: it is closed later than others. */
  touch(file: TrackedFile): void;
  release(file: TrackedFile): Promise<void>;
}

const MAX_OPEN_FILES = 400;

/** Makes an empty set. A file that lost its name keeps its descriptor, which alone leads to its bytes. */
export function makeOpenFiles(): OpenFiles {
  // In order of use, oldest first.
  const open = new Set<TrackedFile>();
  const release = async (file: TrackedFile) => {
    open.delete(file);
    await closeHandle(file);
  };
  return {
    release,
    touch(file) {
      if (open.delete(file)) {
        open.add(file);
      }
    },
    async hold(file, handle) {
      await release(file);
      file.handle = handle;
      open.add(file);
      for (const other of open) {
        if (open.size <= MAX_OPEN_FILES) {
          return;
        }
        if (other !== file && !other.isMissing && !other.isBusy) {
          await release(other);
        }
      }
    },
  };
}
