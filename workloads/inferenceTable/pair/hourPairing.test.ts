import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Lake, openLake } from "@mlplatform/lake/ask/lake";
import { openParquetEngine, type ParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { makeMutex } from "@mlplatform/lake/service/mutex";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { listObjects, openObjectStore, type ObjectStore } from "@mlplatform/lake/store/objectStore";
import {
  inferenceIdsPrefix,
  inferencePairedPrefix,
  parseInferenceIdsPartKey,
} from "@mlplatform/lake/tables/inferenceKeys";
import { startSeaweedfs, type TestStore } from "../../lake/testbed/objectStores";
import { testNamespace } from "../../lake/testbed/eventRow";
import { eventsWriter, type PutEvents, type TestEvent } from "../testbed/hourEvents";
import { isPastPairing, makePairer, type Pairer } from "./pairer";
import type { Replica } from "./replica";

const hourMs = 3_600_000;
const minuteMs = 60_000;

describe("pairing by hours", function () {
  this.timeout(60_000);
  let server: TestStore;
  let store: ObjectStore;
  let engine: ParquetEngine;
  let folder: string;
  let lake: Lake;
  /** Start of the first hour; hours after it are still in the past. */
  const first = Math.floor(Date.now() / hourMs) * hourMs - 30 * hourMs;
  let put: PutEvents;

  before(async () => {
    server = await startSeaweedfs();
    store = openObjectStore(server.options);
  });
  after(async () => {
    store.close();
    await server.stop();
  });
  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-hours-"));
    engine = await openParquetEngine({ temporaryDirectory: folder, memoryMiB: 512 });
    for await (const { key } of listObjects(store, "")) {
      await store.delete(key);
    }
    const cache = await openObjectCache({ store, directory: join(folder, "read") });
    lake = openLake({ store, cache });
    put = eventsWriter({ store, engine, folder, first });
  });
  afterEach(async () => {
    engine.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  async function pairer(
    replica: Replica = { ordinal: 0, count: 1 },
    name = "pair",
    through = store,
  ): Promise<Pairer> {
    const directory = join(folder, name);
    await fs.mkdir(directory, { recursive: true });
    return makePairer({
      store: through,
      cache: await openObjectCache({ store, directory: join(directory, "cache") }),
      engine,
      workDirectory: directory,
      graceMs: 10 * minuteMs,
      replica,
      inTurn: makeMutex(),
      onPaired: () => undefined,
    });
  }

  /** `hours` and a quarter after the first hour's start: the hour before is due. */
  const quarterPast = (hours: number) => first + hours * hourMs + 15 * minuteMs;

  async function keys(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of listObjects(store, prefix)) {
      found.push(key);
    }
    return found;
  }

  async function rows(columns = "request_id, status"): Promise<unknown[][]> {
    const { rows: found } = await lake.query(
      `SELECT ${columns} FROM inferences ORDER BY request_id, request_time NULLS LAST`,
    );
    return found.map((row) => Object.values(row));
  }

  // The store's times are whole seconds: what was paired within the one in which events came counts
  // as open.
  const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100));

  const request = (id: string, at: number, more: Partial<TestEvent> = {}): TestEvent => ({
    id,
    type: "request",
    at,
    ...more,
  });
  const response = (id: string, at: number, more: Partial<TestEvent> = {}): TestEvent => ({
    id,
    type: "response",
    at,
    ...more,
  });

  it("joins an answer of the next hour, and shows it before that hour is paired", async () => {
    await put(request("a", hourMs - 10));
    const one = await pairer();
    await one.pairDue(quarterPast(1), false);
    assert.deepEqual(await rows(), [["a", "no_response"]]);
    await put(response("a", hourMs + 10));
    assert.deepEqual(await rows(), [["a", "ok"]], "from the events");
    await one.pairDue(quarterPast(2), false);
    assert.deepEqual(await rows("request_id, status, latency_ms"), [["a", "ok", 20]]);
  });

  it("joins an answer that comes 23 hours later, and none that comes 26 hours later", async () => {
    await put(request("a", 0), request("b", 0));
    const one = await pairer();
    await one.pairDue(quarterPast(1), false);
    await put(response("a", 23 * hourMs));
    await one.pairDue(quarterPast(24), false);
    assert.deepEqual(await rows(), [
      ["a", "ok"],
      ["b", "no_response"],
    ]);
    await put(response("b", 26 * hourMs));
    await one.pairDue(quarterPast(27), false);
    assert.deepEqual(await rows(), [
      ["a", "ok"],
      ["b", "no_response"],
      ["b", "no_request"],
    ]);
  });

  it("joins an answer that was received an hour before its request", async () => {
    await put(response("a", hourMs - 5, {}), request("c", 5));
    const one = await pairer();
    await one.pairDue(quarterPast(1), false);
    await put(request("a", hourMs + 5));
    await one.pairDue(quarterPast(2), false);
    assert.deepEqual(await rows(), [
      ["a", "ok"],
      ["c", "no_response"],
    ]);
    const { rows: narrow } = await lake.query(
      "SELECT request_id FROM inferences WHERE status = 'no_request'",
      {
        until: new Date(first + hourMs - 1),
      },
    );
    assert.deepEqual(narrow, [], "also where only the answer's hour is read");
  });

  it("collapses a repetition that comes hours later, and keeps another body of the same id", async () => {
    await put(request("a", 0), response("a", 1));
    const one = await pairer();
    await one.pairDue(quarterPast(1), false);
    await put(request("a", 5 * hourMs), response("a", 5 * hourMs + 1));
    await put(request("b", 5 * hourMs, { body: "one" }));
    await nextSecond();
    await one.pairDue(quarterPast(6), false);
    assert.deepEqual(await rows(), [
      ["a", "ok"],
      ["b", "no_response"],
    ]);
    await put(request("b", 7 * hourMs, { body: "two" }));
    await one.pairDue(quarterPast(8), false);
    assert.deepEqual(await rows("request_id, request"), [
      ["a", "request of a"],
      ["b", "one"],
      ["b", "two"],
    ]);
  });

  it("changes no part, and writes nothing when nothing came", async () => {
    await put(request("a", 0), request("b", 1));
    const one = await pairer();
    assert.equal(await one.pairDue(quarterPast(1), false), 2);
    const before = await keys("");
    assert.equal(await one.pairDue(quarterPast(1), false), 0);
    assert.equal(await (await pairer(undefined, "restarted")).pairDue(quarterPast(2), false), 0);
    assert.deepEqual(await keys(""), before);
  });

  it("writes the ids of a part whose writer was killed before them", async () => {
    await put(request("a", 0));
    await (await pairer()).pairDue(quarterPast(1), false);
    const [ids] = await keys(inferenceIdsPrefix);
    await store.delete(ids!);
    assert.deepEqual(
      await lake
        .query("SELECT request_id FROM inferences", { predictionId: "a" })
        .then(({ rows: found }) => found.length),
      1,
      "found without them",
    );
    await (await pairer(undefined, "again")).pairDue(quarterPast(1), false);
    // What the part covers isn't known any more: it was looked at again, and has all.
    const again = (await keys(inferenceIdsPrefix)).map((key) => parseInferenceIdsPartKey(key)!);
    assert.deepEqual(
      again.map(({ part, covered }) => [part, covered]),
      [
        [0, 0],
        [1, 1],
      ],
    );
    assert.deepEqual(await rows(), [["a", "no_response"]]);
  });

  it("finds one prediction by the ids, and fetches nothing of other hours", async () => {
    await put(
      ...Array.from({ length: 20 }, (_, hour) => [
        request(`p-${hour}`, hour * hourMs),
        response(`p-${hour}`, hour * hourMs + 1),
      ]).flat(),
    );
    await nextSecond();
    await (await pairer()).pairDue(quarterPast(20), false);
    const directory = join(folder, "fresh");
    const cache = await openObjectCache({ store, directory });
    const fresh = openLake({ store, cache });
    const { rows: found } = await fresh.query("SELECT request_id, status FROM inferences", {
      predictionId: "p-7",
    });
    assert.deepEqual(found, [{ request_id: "p-7", status: "ok" }]);
    assert.equal(cache.size().files, 20 + 1, "twenty lists of ids and one part");
    assert.deepEqual(
      (await fresh.query("SELECT * FROM inferences", { predictionId: "p-99" })).rows,
      [],
    );
  });

  it("shares hours among replicas, and stands in for one that is away", async () => {
    const hours = 12;
    await put(...Array.from({ length: hours }, (_, hour) => request(`p-${hour}`, hour * hourMs)));
    const one = await pairer({ ordinal: 0, count: 2 }, "one");
    const now = first + hours * hourMs + 10 * minuteMs;
    // At this moment only the last hour is within the time in which its owner alone may pair it.
    const written = await one.pairDue(now, false);
    assert.ok(written >= hours - 1, `${written}`);
    const two = await pairer({ ordinal: 1, count: 2 }, "two");
    const rest = await two.pairDue(now, false);
    assert.equal(written + rest, hours);
    assert.equal((await rows()).length, hours);
  });

  it("loses and doubles nothing when two pairers run at once", async () => {
    await put(
      ...Array.from({ length: 200 }, (_, index) => [
        request(`p-${index}`, index),
        response(`p-${index}`, index + 300),
      ]).flat(),
    );
    const other = await openParquetEngine({ temporaryDirectory: join(folder, "other") });
    const two = makePairer({
      store,
      cache: await openObjectCache({ store, directory: join(folder, "two-cache") }),
      engine: other,
      workDirectory: folder,
      graceMs: 0,
      replica: { ordinal: 0, count: 1 },
      inTurn: makeMutex(),
      onPaired: () => undefined,
    });
    const one = await pairer();
    await Promise.all([one.pairDue(quarterPast(1), false), two.pairDue(quarterPast(1), false)]);
    other.close();
    assert.equal((await keys(inferencePairedPrefix)).length, 1);
    const { rows: counted } = await lake.query(
      "SELECT count(*) AS n, count(DISTINCT request_id) AS ids FROM inferences",
    );
    assert.deepEqual(counted, [{ n: 200n, ids: 200n }]);
  });

  it("pairs more than fits into a step, in order of the ids", async () => {
    const body = "x".repeat(600_000);
    const events = Array.from({ length: 120 }, (_, index) => {
      const id = `p-${String((index * 37) % 120).padStart(3, "0")}`;
      return [request(id, index, { body }), response(id, index + 500, { body: `${body}${index}` })];
    });
    // A segment's events: no file has more.
    for (let from = 0; from < events.length; from += 24) {
      await put(...events.slice(from, from + 24).flat());
    }
    await (await pairer()).pairDue(quarterPast(1), false);
    const { rows: found } = await lake.query(
      "SELECT request_id, length(response) AS length FROM inferences",
    );
    assert.deepEqual(
      found.map((row) => row["request_id"]),
      Array.from({ length: 120 }, (_, index) => `p-${String(index).padStart(3, "0")}`),
    );
    assert.ok(found.every((row) => Number(row["length"]) > 600_000));
  });

  it("pairs events that come to an hour which is over for days", async () => {
    await put(request("a", 0), response("a", 1));
    const one = await pairer();
    await one.pairDue(quarterPast(1), false);
    await nextSecond();
    await put(request("b", 2), response("b", 3));
    assert.ok(isPastPairing(first, Date.now()));
    assert.equal(await one.pairLate(testNamespace, first), 1);
    assert.deepEqual(await rows(), [
      ["a", "ok"],
      ["b", "ok"],
    ]);
  });

  it("pairs what comes to an hour while it is being paired, whatever the store's clock says", async () => {
    await put(request("a", 0), response("a", 1));
    let hasCome = false;
    const slow: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      async putFile(...args: Parameters<ObjectStore["putFile"]>) {
        if (!hasCome) {
          hasCome = true;
          await put(request("b", 2), response("b", 3));
          // The store's times are whole seconds: the pairs are newer than the events that they
          // don't have.
          await new Promise((resolve) => setTimeout(resolve, 1_100));
        }
        return store.putFile(...args);
      },
    });
    await (await pairer(undefined, "slow", slow)).pairDue(quarterPast(1), false);
    const whole = [
      ["a", "ok"],
      ["b", "ok"],
    ];
    const recent = await pairer();
    const now = quarterPast(1);
    assert.equal(await recent.pairDue(now, false), 1);
    assert.deepEqual(await rows(), whole);
    assert.equal(await recent.pairDue(now, false), 0);
  });

  it("completes an earlier hour's row although it was stopped right before that", async () => {
    await put(request("a", 0), request("other", 3 * hourMs));
    await (await pairer()).pairDue(quarterPast(4), false);
    await put(response("a", 4 * hourMs), request("b", 4 * hourMs));
    const [earlier] = await keys(inferencePairedPrefix);
    const failing: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      async putFile(...[key, ...rest]: Parameters<ObjectStore["putFile"]>) {
        if (dirname(key) === dirname(earlier!)) {
          throw new Error("stopped");
        }
        return store.putFile(key, ...rest);
      },
    });
    await nextSecond();
    const stopped = await pairer(undefined, "stopped", failing);
    await assert.rejects(stopped.pairDue(quarterPast(5), false), /stopped/);
    await (await pairer(undefined, "next")).pairDue(quarterPast(5), false);
    assert.deepEqual(await rows(), [
      ["a", "ok"],
      ["b", "no_response"],
      ["other", "no_response"],
    ]);
  });

  it("pairs all of an old hour that several replicas add to at once", async () => {
    const replicas = await Promise.all(
      [0, 1].map(async (ordinal) => {
        const spill = join(folder, `engine-${ordinal}`);
        const own = await openParquetEngine({ temporaryDirectory: spill, memoryMiB: 256 });
        const directory = join(folder, `late-${ordinal}`);
        const replica = makePairer({
          store,
          cache: await openObjectCache({ store, directory }),
          engine: own,
          workDirectory: directory,
          graceMs: 0,
          replica: { ordinal, count: 2 },
          inTurn: makeMutex(),
          onPaired: () => undefined,
        });
        return { own, replica };
      }),
    );
    await Promise.all(
      replicas.flatMap(({ replica }, index) =>
        [0, 1, 2].map(async (nth) => {
          await put(request(`p-${index}${nth}`, index * 10 + nth));
          await replica.pairLate(testNamespace, first);
        }),
      ),
    );
    replicas.forEach(({ own }) => own.close());
    assert.deepEqual(
      (await rows("request_id")).flat(),
      ["00", "01", "02", "10", "11", "12"].map((id) => `p-${id}`),
    );
  });

  it("keeps a thousand models apart", async () => {
    const sources = Array.from({ length: 1000 }, (_, index) => `model-${index}`);
    await put(
      ...sources.flatMap((source, index) => [
        request("same", index, { source }),
        response("same", index + 1, { source }),
      ]),
    );
    await (await pairer()).pairDue(quarterPast(1), false);
    const { rows: counted } = await lake.query(
      "SELECT count(*) AS n, count(DISTINCT source) AS sources, min(status) AS status, " +
        "max(id_reused::int) AS reused FROM inferences",
    );
    assert.deepEqual(counted, [{ n: 1000n, sources: 1000n, status: "ok", reused: 0 }]);
  });

  it("answers the same while an hour is being paired", async () => {
    await put(
      ...Array.from({ length: 300 }, (_, index) => [
        request(`p-${index}`, index),
        response(`p-${index}`, index + 300),
      ]).flat(),
    );
    let isPairing = true;
    const one = await pairer();
    const pairing = one.pairDue(quarterPast(1), false).finally(() => (isPairing = false));
    const counts = new Set<bigint>();
    do {
      const { rows: counted } = await lake.query(
        "SELECT count(*) AS n FROM inferences WHERE status = 'ok'",
      );
      counts.add(counted[0]!["n"] as bigint);
    } while (isPairing);
    await pairing;
    assert.deepEqual([...counts], [300n]);
  });
});
