import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openObjectCache } from "./objectCache";
import type { ObjectFacts, ObjectStore } from "./objectStore";

function object(key: string, bytes: number, etag = "1"): ObjectFacts {
  return { key, bytes, etag, modified: new Date(0) };
}

describe("object cache", () => {
  let directory: string;
  let fetched: string[];

  // Only `getFile` is used; what a real store does with it is objectStore.test.ts's subject.
  const store = {
    endpoint: "http://store",
    bucket: "lake",
    async getFile(key: string, file: string) {
      fetched.push(key);
      await fs.writeFile(file, Buffer.alloc(100));
    },
  } as unknown as ObjectStore;

  beforeEach(async () => {
    fetched = [];
    directory = await fs.mkdtemp(join(tmpdir(), "mlplatform-cache-"));
  });
  afterEach(() => fs.rm(directory, { recursive: true, force: true }));

  it("fetches an object once, also for callers at the same time and for the next process", async () => {
    const cache = await openObjectCache({ store, directory });
    const held = await Promise.all(
      Array.from({ length: 5 }, () => cache.acquire([object("a.parquet", 100)])),
    );
    assert.equal(new Set(held.flatMap(({ files }) => files)).size, 1);
    held.forEach(({ release }) => release());
    const next = await openObjectCache({ store, directory });
    (await next.acquire([object("a.parquet", 100)])).release();
    assert.deepEqual(fetched, ["a.parquet"]);
  });

  it("takes a new version of a key for another object", async () => {
    const cache = await openObjectCache({ store, directory });
    const one = await cache.acquire([object("a.parquet", 100, "1")]);
    const two = await cache.acquire([object("a.parquet", 100, "2")]);
    assert.notDeepEqual(one.files, two.files);
    assert.deepEqual(fetched, ["a.parquet", "a.parquet"]);
  });

  it("stays within its bytes by dropping what was used longest ago, but never what is in use", async () => {
    const cache = await openObjectCache({ store, directory, maxBytes: 250 });
    const held = await cache.acquire([object("held.parquet", 100)]);
    (await cache.acquire([object("old.parquet", 100)])).release();
    (await cache.acquire([object("new.parquet", 100)])).release();
    assert.deepEqual(cache.size(), { bytes: 200, files: 2 });
    await fs.access(held.files[0]!);
    fetched = [];
    (await cache.acquire([object("new.parquet", 100)])).release();
    assert.deepEqual(fetched, []);
    (await cache.acquire([object("old.parquet", 100)])).release();
    assert.deepEqual(fetched, ["old.parquet"]);
    held.release();
  });
});
