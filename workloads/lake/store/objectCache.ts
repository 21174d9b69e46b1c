import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { extname, join } from "node:path";
import { removeTemporaryFiles } from "../segmentLog/durableFile";
import type { ObjectFacts, ObjectStore } from "./objectStore";

/** Local files of objects, held until `release`. */
export interface CachedFiles {
  /** Same order as the objects asked for. */
  files: string[];
  release(): void;
}

/** A bounded local copy of immutable objects. */
export interface ObjectCache {
  readonly directory: string;
  /** Brings the objects here, and keeps them from being evicted until released. */
  acquire(objects: readonly ObjectFacts[]): Promise<CachedFiles>;
  size(): { bytes: number; files: number };
}

/** How a cache is bounded. */
export interface ObjectCacheOptions {
  store: ObjectStore;
  directory: string;
  /** Least recently used files go first. Files in use may exceed it. @default 4 GiB */
  maxBytes?: number;
  /** Downloads at once. @default 8 */
  concurrency?: number;
}

// Not a shift: it would wrap around at 32 bits, and 4 << 30 is 0.
const defaultMaxBytes = 4 * 2 ** 30;

interface CacheEntry {
  bytes: number;
  holds: number;
  /** Position in the order of use. */
  used: number;
}

/**
 * Opens a cache directory; files of earlier runs are used again. Names are hashes of store, key and
 * version, so that two stores, or a key that was deleted and made again, never answer for each
 * other.
 */
export async function openObjectCache(options: ObjectCacheOptions): Promise<ObjectCache> {
  const { store, directory, maxBytes = defaultMaxBytes, concurrency = 8 } = options;
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  await removeTemporaryFiles(directory);
  const entries = await readEntries(directory);
  const downloads = new Map<string, Promise<void>>();
  let uses = entries.size;

  async function bring(object: ObjectFacts, name: string): Promise<void> {
    if (entries.has(name)) {
      return;
    }
    const running = downloads.get(name);
    if (running !== undefined) {
      return running;
    }
    const download = store
      .getFile(object.key, join(directory, name))
      .then(() => {
        entries.set(name, { bytes: object.bytes, holds: 0, used: ++uses });
      })
      .finally(() => downloads.delete(name));
    downloads.set(name, download);
    return download;
  }

  async function evict(): Promise<void> {
    let bytes = totalBytes(entries);
    const idle = [...entries].filter(([, entry]) => entry.holds === 0);
    idle.sort(([, a], [, b]) => a.used - b.used);
    for (const [name, entry] of idle) {
      if (bytes <= maxBytes) {
        return;
      }
      entries.delete(name);
      bytes -= entry.bytes;
      await fs.rm(join(directory, name), { force: true });
    }
  }

  return {
    directory,
    async acquire(objects) {
      const names = objects.map((object) => cachedName(store, object));
      const queue = objects.map((object, index) => ({ object, name: names[index]! }));
      const held: string[] = [];
      const hold = (name: string) => {
        const entry = entries.get(name)!;
        entry.holds += 1;
        entry.used = ++uses;
        held.push(name);
      };
      const release = () => {
        for (const name of held.splice(0)) {
          entries.get(name)!.holds -= 1;
        }
      };
      try {
        const worker = async () => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            await bring(next.object, next.name);
            hold(next.name);
          }
        };
        const workers = await Promise.allSettled(Array.from({ length: concurrency }, worker));
        const failed = workers.find((each) => each.status === "rejected");
        if (failed !== undefined) {
          throw failed.reason;
        }
        await evict();
      } catch (error) {
        release();
        throw error;
      }
      return { files: names.map((name) => join(directory, name)), release };
    },
    size: () => ({ bytes: totalBytes(entries), files: entries.size }),
  };
}

function totalBytes(entries: Map<string, CacheEntry>): number {
  return [...entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
}

function cachedName(store: ObjectStore, object: ObjectFacts): string {
  const identity = [store.endpoint, store.bucket, object.key, object.etag].join("\n");
  return `${createHash("sha256").update(identity).digest("hex")}${extname(object.key)}`;
}

async function readEntries(directory: string): Promise<Map<string, CacheEntry>> {
  const found: { name: string; bytes: number; readAt: number }[] = [];
  for (const name of await fs.readdir(directory)) {
    if (/^[0-9a-f]{64}\.\w+$/.test(name)) {
      const { size, mtimeMs, atimeMs } = await fs.stat(join(directory, name));
      found.push({ name, bytes: size, readAt: Math.max(mtimeMs, atimeMs) });
    }
  }
  found.sort((a, b) => a.readAt - b.readAt);
  return new Map(
    found.map(({ name, bytes }, index) => [name, { bytes, holds: 0, used: index + 1 }]),
  );
}
