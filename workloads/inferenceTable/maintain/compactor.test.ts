import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { openParquetEngine, type ParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { makeMutex } from "@mlplatform/lake/service/mutex";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { listObjects, type ObjectStore } from "@mlplatform/lake/store/objectStore";
import {
  inferenceCompactionsPrefix,
  inferenceEventsPrefix,
  inferencePairedPrefix,
} from "@mlplatform/lake/tables/inferenceKeys";
import { useServiceBed } from "../../lake/testbed/serviceBed";
import { type Compactor, makeCompactor } from "./compactor";
import { testNamespace } from "../../lake/testbed/eventRow";
import { eventsWriter, type PutEvents } from "../testbed/hourEvents";
import type { Replica } from "../pair/replica";
import { makePairer, type Pairer } from "../pair/pairer";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const hours = 3;
const parts = 5;

describe("merging the parts of events", function () {
  this.timeout(120_000);
  const bed = useServiceBed("inferenceTable");
  /** A day that is over, from its first hour on. */
  const first = Math.floor(Date.now() / dayMs) * dayMs - 3 * dayMs;
  let engine: ParquetEngine;
  let put: PutEvents;

  beforeEach(async () => {
    engine = await openParquetEngine({
      temporaryDirectory: join(bed.folder, "spill"),
      memoryMiB: 256,
    });
    put = eventsWriter({ store: bed.store, engine, folder: bed.folder, first });
  });
  afterEach(() => engine.close());

  /** Pairer and compactor of a replica, as its thread makes them. */
  async function replicaOf(
    options: { replica?: Replica; graceMs?: number; store?: ObjectStore } = {},
  ): Promise<{ pairer: Pairer; compactor: Compactor }> {
    const { replica = { ordinal: 0, count: 1 }, graceMs = 0, store = bed.store } = options;
    const inTurn = makeMutex();
    const shared = { store, engine, workDirectory: join(bed.folder, "work"), replica, inTurn };
    await fs.mkdir(shared.workDirectory, { recursive: true });
    const directory = join(bed.folder, "replica-cache");
    const pairer = makePairer({
      ...shared,
      cache: await openObjectCache({ store, directory }),
      graceMs: 0,
      onPaired: () => undefined,
    });
    const { pairLate } = pairer;
    return {
      pairer,
      compactor: makeCompactor({ ...shared, targetBytes: 1 << 20, graceMs, pairLate }),
    };
  }

  /** Five parts in each of three hours, and the hours paired. */
  async function putHours(): Promise<void> {
    for (let part = 0; part < parts; part++) {
      for (let hour = 0; hour < hours; hour++) {
        const id = `p-${hour}${part}`;
        const at = hour * hourMs + part * 1000;
        // Texts that repeat and texts that don't: a writer encodes them in different ways.
        await put(
          { id, type: "request", at, body: `same for all ${"\u00e9".repeat(part)}` },
          { id, type: "response", at: at + 1 },
        );
      }
    }
    const { pairer } = await replicaOf();
    for (let hour = 0; hour < hours; hour++) {
      await pairer.pairLate(testNamespace, first + hour * hourMs);
    }
  }

  async function count(prefix: string): Promise<number> {
    let found = 0;
    for await (const { key } of listObjects(bed.store, prefix)) {
      found += key.endsWith("/") ? 0 : 1;
    }
    return found;
  }

  /** All of what the lake says: each event with all of its columns, and each prediction. */
  async function told(): Promise<unknown> {
    const events = await bed.lake.query(
      "SELECT * FROM inferences_events ORDER BY writer, sequence, frame",
    );
    const rows = await bed.lake.query("SELECT * FROM inferences ORDER BY request_id, request_time");
    return [events.rows, rows.rows];
  }

  it(
    "makes one part of an hour's, tells the same before, meanwhile and after, and deletes the " +
      "old ones",
    async () => {
      await putHours();
      const before = await told();
      const { compactor } = await replicaOf({ graceMs: hourMs });
      let isMerging = true;
      const now = Date.now();
      const merging = compactor.compactDue(now).finally(() => (isMerging = false));
      do {
        assert.deepEqual(await told(), before);
      } while (isMerging);
      assert.deepEqual(await merging, {
        merged: hours * parts,
        into: hours,
        deleted: 0,
        failures: [],
      });
      assert.equal(await count(inferenceEventsPrefix), hours * (parts + 1));
      assert.deepEqual(await told(), before);
      assert.equal((await compactor.compactDue(now + 2 * hourMs)).deleted, hours * parts);
      assert.equal(await count(inferenceEventsPrefix), hours);
      assert.deepEqual(await told(), before);
      const again = await (await replicaOf()).compactor.compactDue(now + 2 * hourMs);
      assert.deepEqual(again, { merged: 0, into: 0, deleted: 0, failures: [] });
    },
  );

  it("leaves hours alone of which events may still be compared with pairs", async () => {
    await putHours();
    const { compactor } = await replicaOf();
    const until = first + hourMs + 28 * hourMs;
    assert.equal((await compactor.compactDue(until - 1)).into, 1);
    assert.equal((await compactor.compactDue(until)).into, 1);
  });

  it("takes in what comes to a merged hour days later", async () => {
    await putHours();
    const { pairer, compactor } = await replicaOf();
    await compactor.compactDue(Date.now());
    await put({ id: "late", type: "request", at: 5 }, { id: "late", type: "response", at: 6 });
    await pairer.pairLate(testNamespace, first);
    const with16 = await told();
    assert.deepEqual(
      (await bed.lake.query("SELECT status FROM inferences WHERE request_id = 'late'")).rows,
      [{ status: "ok" }],
    );
    // The day is done for this run of the service; the next looks at it again.
    const next = (await replicaOf()).compactor;
    assert.deepEqual(await next.compactDue(Date.now()), {
      merged: 2,
      into: 1,
      deleted: hours * parts,
      failures: [],
    });
    assert.deepEqual(await told(), with16);
    assert.equal((await next.compactDue(Date.now())).deleted, 2);
    assert.deepEqual(await told(), with16);
    assert.equal(await count(inferenceEventsPrefix), hours);
  });

  it("pairs an hour first that nothing ran to pair", async () => {
    await put({ id: "a", type: "request", at: 0 }, { id: "a", type: "response", at: 1 });
    await put({ id: "b", type: "request", at: 2 });
    assert.equal(await count(inferencePairedPrefix), 0);
    await (await replicaOf()).compactor.compactDue(Date.now());
    assert.equal(await count(inferencePairedPrefix), 1);
    assert.deepEqual((await bed.lake.query("SELECT request_id, status FROM inferences")).rows, [
      { request_id: "a", status: "ok" },
      { request_id: "b", status: "no_response" },
    ]);
  });

  it("shares the hours among replicas, and takes those of one that is away a day later", async () => {
    await putHours();
    const due = first + hours * hourMs + 28 * hourMs;
    const into = async (ordinal: number, now: number) => {
      const { compactor } = await replicaOf({ replica: { ordinal, count: 2 } });
      return (await compactor.compactDue(now)).into;
    };
    const one = await into(0, due);
    assert.equal(await into(0, due), 0);
    assert.equal(one + (await into(0, due + dayMs)), hours);
    assert.equal(await into(1, due + dayMs), 0);
  });

  it("merges more than fits into its memory", async () => {
    // Small on disk, so that all of it is one merge: 360 MiB for an engine of 256.
    const body = "x".repeat(3 << 20);
    for (let part = 0; part < 20; part++) {
      const ids = Array.from({ length: 6 }, (_, index) => `${part}-${index}`);
      await put(...ids.map((id) => ({ id, type: "request" as const, at: part, body: body + id })));
    }
    const { compactor } = await replicaOf();
    const { merged, failures } = await compactor.compactDue(Date.now());
    assert.deepEqual({ merged, failures }, { merged: 20, failures: [] });
    const { rows } = await bed.lake.query(
      "SELECT count(*) AS n, count(DISTINCT body) AS bodies, min(body_bytes) AS least FROM " +
        "inferences_events",
    );
    assert.deepEqual(rows, [{ n: 120n, bodies: 120n, least: BigInt(body.length + 3) }]);
  });

  it("replaces nothing where the merged rows aren't the parts' rows, and says so", async () => {
    await putHours();
    const before = await told();
    const { compactor } = await replicaOf();
    const { connection } = engine;
    const runAndReadAll = connection.runAndReadAll.bind(connection);
    // What a fault of the engine would do: the file has a row less.
    connection.runAndReadAll = (sql) =>
      runAndReadAll(
        sql.includes("merged.parquet") ? sql.replace(/ r$/, " r WHERE frame <> 0") : sql,
      );
    const { into, failures } = await compactor.compactDue(Date.now());
    assert.equal(into, 0);
    assert.equal(failures.length, hours);
    assert.match(
      failures[0]!,
      /gave other rows \(5 rows, .*\) than theirs \(10 rows, .*nothing was replaced/,
    );
    assert.equal(await count(inferenceCompactionsPrefix), 0);
    assert.equal(await count(inferenceEventsPrefix), hours * parts);
    assert.deepEqual(await told(), before);
  });

  it("loses and doubles nothing when the service is killed at any step of a merge", async () => {
    await putHours();
    const before = await told();
    const env = { MLP_TIDY_INTERVAL_MS: "100", MLP_COMPACT_GRACE_HOURS: "0" };
    for (const step of ["merge.written", "merge.put", "merge.recorded"]) {
      await bed.start({ ...env, MLP_FAILPOINT: step });
      await new Promise((resolve) => bed.service.child.once("close", resolve));
      assert.equal(bed.service.child.signalCode, "SIGKILL", step);
      assert.deepEqual(await told(), before, step);
    }
    await bed.start(env);
    while ((await count(inferenceEventsPrefix)) > hours) {
      assert.deepEqual(await told(), before);
    }
    assert.equal((await bed.service.end("SIGTERM")).code, 0);
    assert.deepEqual(await told(), before);
    assert.equal(await count(inferenceCompactionsPrefix), hours);
  });
});
