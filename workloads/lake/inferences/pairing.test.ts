import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EventFacts, eventRow } from "../testbed/eventRow";
import { pairingQuery, settledQuery } from "./pairing";
import { openParquetEngine, type ParquetEngine, writeParquet } from "../duckdb/parquetEngine";
import { inferenceEventsShape } from "../tables/inferenceEventsShape";

interface TestEvent extends EventFacts {
  at?: number;
}

const rowOf = (event: TestEvent, frame: number) =>
  eventRow(event, BigInt(event.at ?? 0) * 1000n, { sequence: 1, frame });

describe("pairing", () => {
  let folder: string;
  let engine: ParquetEngine;
  let file: string;

  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-pairing-"));
    engine = await openParquetEngine({ temporaryDirectory: folder });
    file = join(folder, "events.parquet");
  });
  afterEach(async () => {
    engine.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  async function paired(events: TestEvent[], columns: string): Promise<unknown[][]> {
    await writeParquet(engine, inferenceEventsShape, events.map(rowOf), file);
    const query = settledQuery(`(${pairingQuery(`read_parquet('${file}')`)})`);
    const sql = `SELECT ${columns} FROM (${query}) ORDER BY request_id, request_time NULLS LAST`;
    return (await engine.connection.runAndReadAll(sql)).getRowsJS();
  }

  it("puts a request and its response into one row with the time between", async () => {
    const rows = await paired(
      [
        { id: "a", type: "response", at: 12 },
        { id: "a", type: "request", at: 2 },
      ],
      "request_id, status, latency_ms, request, response, id_reused",
    );
    assert.deepEqual(rows, [["a", "ok", 10, "request of a", "response of a", false]]);
  });

  it("keeps a request without a response and a response without a request", async () => {
    const rows = await paired(
      [
        { id: "a", type: "request" },
        { id: "b", type: "response" },
      ],
      "request_id, status",
    );
    assert.deepEqual(rows, [
      ["a", "no_response"],
      ["b", "no_request"],
    ]);
  });

  it("collapses a repeated delivery", async () => {
    const events: TestEvent[] = [
      { id: "a", type: "request" },
      { id: "a", type: "request" },
      { id: "a", type: "response", at: 1 },
      { id: "a", type: "response", at: 1 },
    ];
    assert.deepEqual(await paired(events, "request_id, status, id_reused"), [["a", "ok", false]]);
  });

  it("keeps and flags two requests that share an id, each with its own response", async () => {
    const rows = await paired(
      [
        { id: "a", type: "request", at: 1, body: "one" },
        { id: "a", type: "response", at: 2, body: "answer one" },
        { id: "a", type: "request", at: 5, body: "two" },
        { id: "a", type: "response", at: 6, body: "answer two" },
      ],
      "request, response, id_reused",
    );
    assert.deepEqual(rows, [
      ["one", "answer one", true],
      ["two", "answer two", true],
    ]);
  });

  it("does not join the same id from two pods", async () => {
    const rows = await paired(
      [
        { id: "a", type: "request", source: "pod-a" },
        { id: "a", type: "response", source: "pod-b" },
      ],
      "status",
    );
    assert.deepEqual(rows.flat().sort(), ["no_request", "no_response"]);
  });

  it("gives bytes where a body isn't text, and leaves quarantined events out", async () => {
    const rows = await paired(
      [
        { id: "a", type: "request", body: Buffer.from([0xff, 0x00]) },
        { id: "b", type: "request", problem: "ce-type is unknown" },
      ],
      "request, request_raw, request_bytes",
    );
    assert.deepEqual(rows, [[null, Buffer.from([0xff, 0x00]), 2n]]);
  });

  it("lets a later part's answered row replace the unanswered one", async () => {
    const early: TestEvent[] = [{ id: "a", type: "request" }];
    await writeParquet(engine, inferenceEventsShape, early.map(rowOf), file);
    const later = join(folder, "later.parquet");
    const both: TestEvent[] = [...early, { id: "a", type: "response", at: 3 }];
    await writeParquet(engine, inferenceEventsShape, both.map(rowOf), later);
    const query = (name: string) => `(${pairingQuery(`read_parquet('${name}')`)})`;
    const parts = `(SELECT * FROM ${query(file)} UNION ALL SELECT * FROM ${query(later)})`;
    const sql = `SELECT request_id, status FROM (${settledQuery(parts)})`;
    assert.deepEqual((await engine.connection.runAndReadAll(sql)).getRowsJS(), [["a", "ok"]]);
  });
});
