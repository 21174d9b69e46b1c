import { createHash, type Hash } from "node:crypto";
import { promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "@mlplatform/lake/segmentLog/durableFile";

/** Bodies too large for the log, a file each, until they are objects of their own. */
export interface BlobFiles {
  readonly directory: string;
  /** Starts a file. Its name is used once by this writer. */
  create(): Promise<BlobWriter>;
  /** Bytes in files. */
  bytes(): number;
  remove(name: string): Promise<void>;
  /**
   * Removes files that no event in the log names: their events were never acknowledged, or are in
   * the lake.
   */
  removeOthers(named: ReadonlySet<string>): Promise<number>;
}

/** A body on its way to the disk. */
export interface BlobWriter {
  readonly name: string;
  readonly hash: Hash;
  write(chunk: Buffer): Promise<void>;
  /** Returns when the bytes are durable. */
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/**
 * Opens the directory of bodies. `salt` makes names of a new start differ from those of earlier
 * ones.
 */
export async function openBlobFiles(directory: string, salt: string): Promise<BlobFiles> {
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  const sizes = new Map<string, number>();
  for (const name of await fs.readdir(directory)) {
    sizes.set(name, (await fs.stat(join(directory, name))).size);
  }
  let next = 0;
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const add = (name: string, bytes: number) => {
    sizes.set(name, (sizes.get(name) ?? 0) + bytes);
    total += bytes;
  };
  const remove = async (name: string) => {
    await fs.rm(join(directory, name), { force: true });
    total -= sizes.get(name) ?? 0;
    sizes.delete(name);
  };
  return {
    directory,
    bytes: () => total,
    remove,
    async create() {
      const name = `${salt}-${next++}`;
      const handle = await fs.open(join(directory, name), "wx", 0o600);
      return blobWriter(name, handle, {
        added: (bytes) => add(name, bytes),
        finished: () => syncDirectory(directory),
        abandoned: () => remove(name),
      });
    },
    async removeOthers(named) {
      const others = [...sizes.keys()].filter((name) => !named.has(name));
      await Promise.all(others.map(remove));
      return others.length;
    },
  };
}

function blobWriter(
  name: string,
  handle: FileHandle,
  on: {
    added: (bytes: number) => void;
    finished: () => Promise<void>;
    abandoned: () => Promise<void>;
  },
): BlobWriter {
  const hash = createHash("sha256");
  return {
    name,
    hash,
    async write(chunk) {
      hash.update(chunk);
      on.added(chunk.length);
      let done = 0;
      while (done < chunk.length) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done);
        done += bytesWritten;
      }
    },
    async finish() {
      await handle.datasync();
      await handle.close();
      await on.finished();
    },
    async abandon() {
      await handle.close();
      await on.abandoned();
    },
  };
}
