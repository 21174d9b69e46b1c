import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listObjects, type ObjectStore, openObjectStore } from "./objectStore";
import { startMinio, startSeaweedfs, type TestStore } from "../testbed/objectStores";
import { startRelay } from "../testbed/relay";
import { ObjectExistsError, ObjectMissingError, ObjectStoreError } from "./storeErrors";

const mib = 1 << 20;

// One contract, two real servers: what the platform relies on is true of both.
for (const [name, start] of [
  ["SeaweedFS", startSeaweedfs],
  ["MinIO", startMinio],
] as const) {
  describe(`object store contract on ${name}`, function () {
    // MinIO is built from source on first use.
    this.timeout(600_000);
    let server: TestStore;
    let store: ObjectStore;
    let folder: string;

    before(async () => {
      server = await start();
      store = openObjectStore(server.options);
      folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-store-"));
    });
    after(async () => {
      store?.close();
      await server?.stop();
      await fs.rm(folder, { recursive: true, force: true });
    });

    it("gives back the bytes that were put, whole, by range and as a stream", async () => {
      const body = randomBytes(100_000);
      await store.put("contract/bytes", body);
      assert.deepEqual(await store.get("contract/bytes"), body);
      const range = await store.get("contract/bytes", { start: 10, end: 19 });
      assert.deepEqual(range, body.subarray(10, 20));
      const chunks: Buffer[] = [];
      for await (const chunk of await store.getStream("contract/bytes")) {
        chunks.push(chunk as Buffer);
      }
      assert.deepEqual(Buffer.concat(chunks), body);
    });

    it("keeps names with every character that the layout makes", async () => {
      const key = "contract/namespace=a%2Fb/date=2026-11-23/part-é %25+.parquet";
      await store.put(key, Buffer.from("x"));
      const keys: string[] = [];
      for await (const object of listObjects(store, "contract/namespace=a%2Fb/")) {
        keys.push(object.key);
      }
      assert.deepEqual(keys, [key]);
      assert.equal((await store.get(key)).toString(), "x");
    });

    it("replaces an object when it is put again", async () => {
      await store.put("contract/again", Buffer.from("one"));
      await store.put("contract/again", Buffer.from("two"));
      assert.equal((await store.get("contract/again")).toString(), "two");
    });

    it("refuses a put that must be the first, and keeps the first", async () => {
      await store.put("contract/once", Buffer.from("first"), { onlyIfAbsent: true });
      await assert.rejects(
        store.put("contract/once", Buffer.from("second"), { onlyIfAbsent: true }),
        ObjectExistsError,
      );
      assert.equal((await store.get("contract/once")).toString(), "first");
    });

    it("lets one of sixteen racing first puts win", async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 16 }, (_, index) =>
          store.put("contract/race", Buffer.from(`writer ${index}`), { onlyIfAbsent: true }),
        ),
      );
      const winners = results.flatMap(({ status }, index) =>
        status === "fulfilled" ? [index] : [],
      );
      assert.equal(winners.length, 1);
      assert.equal((await store.get("contract/race")).toString(), `writer ${winners[0]}`);
    });

    it("names what is missing", async () => {
      await assert.rejects(store.get("contract/none"), ObjectMissingError);
      await assert.rejects(store.head("contract/none"), ObjectMissingError);
      await assert.rejects(store.getFile("contract/none", join(folder, "none")), /no such object/);
      assert.deepEqual(await fs.readdir(folder), []);
    });

    it("deletes, and deleting again is no error", async () => {
      await store.put("contract/gone", Buffer.from("x"));
      await store.delete("contract/gone");
      await store.delete("contract/gone");
      await assert.rejects(store.head("contract/gone"), ObjectMissingError);
    });

    it("lists more than a thousand keys once each, in order, by pages", async () => {
      const expected = Array.from(
        { length: 1_050 },
        (_, index) => `many/part-${String(index).padStart(5, "0")}`,
      );
      const queue = [...expected];
      const worker = async () => {
        for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
          await store.put(key, Buffer.from(key));
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      const pages: number[] = [];
      const keys: string[] = [];
      for await (const page of store.listPages("many/")) {
        pages.push(page.length);
        keys.push(...page.map(({ key }) => key));
      }
      assert.deepEqual(keys, expected);
      assert.deepEqual(pages, [1000, 50]);
      const later: string[] = [];
      for await (const page of store.listPages("many/", { startAfter: "many/part-01047" })) {
        later.push(...page.map(({ key }) => key));
      }
      assert.deepEqual(later, expected.slice(1048));
    });

    it("puts a file of 66 MiB in parts and gets it back as a file", async () => {
      const file = join(folder, "large");
      const handle = await fs.open(file, "w");
      const hash = createHash("sha256");
      for (let index = 0; index < 66; index++) {
        const block = randomBytes(mib);
        hash.update(block);
        await handle.write(block);
      }
      await handle.close();
      await store.putFile("contract/large", file);
      assert.equal((await store.head("contract/large")).bytes, 66 * mib);
      const copy = join(folder, "copy");
      await store.getFile("contract/large", copy);
      const got = createHash("sha256")
        .update(await fs.readFile(copy))
        .digest("hex");
      assert.equal(got, hash.digest("hex"));
      await assert.rejects(
        store.putFile("contract/large", file, { onlyIfAbsent: true }),
        ObjectExistsError,
      );
    });

    it("fails at once, without a second attempt, where the key isn't allowed", async () => {
      const retries: string[] = [];
      const stranger = openObjectStore({
        ...server.options,
        credentials: { accessKeyId: "stranger", secretAccessKey: "not-the-key" },
        onRetry: (what) => retries.push(what),
      });
      await assert.rejects(
        stranger.put("contract/stranger", Buffer.from("x")),
        (error: ObjectStoreError) =>
          error instanceof ObjectStoreError && error.isPermanent && error.attempts === 1,
      );
      assert.deepEqual(retries, []);
      stranger.close();
    });

    it("rides out an outage", async () => {
      const relay = await startRelay(server.options.endpoint!);
      let retries = 0;
      const patient = openObjectStore({
        ...server.options,
        endpoint: relay.endpoint,
        onRetry: () => (retries += 1),
      });
      await relay.cut();
      const put = patient.put("contract/outage", Buffer.from("survived"));
      await new Promise((resolve) => setTimeout(resolve, 300));
      await relay.restore();
      await put;
      assert.equal((await store.get("contract/outage")).toString(), "survived");
      assert.ok(retries > 0);
      patient.close();
      await relay.stop();
    });

    it("repeats a put whose answer was lost, and the object is there once", async () => {
      const relay = await startRelay(server.options.endpoint!);
      const throughRelay = openObjectStore({
        ...server.options,
        endpoint: relay.endpoint,
        retry: { attemptTimeoutMs: 1_000 },
      });
      relay.loseAnswer();
      await throughRelay.put("contract/ambiguous", Buffer.from("stored"));
      assert.equal(relay.lostAnswers(), 1);
      assert.equal((await store.get("contract/ambiguous")).toString(), "stored");
      throughRelay.close();
      await relay.stop();
    });
  });
}

describe("object store deadlines", () => {
  it("gives up at the deadline where nothing answers, and says how often it tried", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const sockets: Socket[] = [];
    silent.on("connection", (socket) => sockets.push(socket));
    const { port } = silent.address() as AddressInfo;
    const store = openObjectStore({
      endpoint: `http://127.0.0.1:${port}`,
      region: "us-east-1",
      bucket: "lake",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      retry: { attemptTimeoutMs: 100, deadlineMs: 500, baseDelayMs: 10, maxDelayMs: 20 },
    });
    const started = Date.now();
    await assert.rejects(
      store.put("x", Buffer.from("x")),
      (error: ObjectStoreError) => !error.isPermanent && error.attempts >= 3,
    );
    assert.ok(Date.now() - started < 2_000);
    store.close();
    sockets.forEach((socket) => socket.destroy());
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  });
});
