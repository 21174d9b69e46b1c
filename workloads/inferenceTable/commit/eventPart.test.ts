import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { openParquetEngine, type ParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import { inferenceEventsShape } from "@mlplatform/lake/tables/inferenceEventsShape";
import * as fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { makeEventPart } from "./eventPart";
import { modelOf, protocolOf, revisionOf, timestampMicros } from "./eventRow";
import { encodeEvent, type InferenceEvent, Kept, readFrame } from "../intake/inferenceEvent";

const seed = 20261123;
const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };
const log = { writer: "w1", sequence: 7 };

interface Received {
  event: InferenceEvent;
  body: Buffer;
  bodyObject?: string;
}

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("", "churn", "ü"),
);
const time = fc.constantFrom(
  "2026-11-23T10:00:00.123456789Z",
  "2026-11-23T10:00:00.9Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "2026-11-23T12:00:00+02:00",
  "yesterday",
  "",
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('{"instances":[[1]]}', '{"outputs": []}', "").map((json) => Buffer.from(json)),
);
const context = fc.record({
  type: fc.constantFrom(
    "org.kubeflow.serving.inference.request",
    "org.kubeflow.serving.inference.response",
  ),
  source: fc.constantFrom("churn-predictor-00003-deployment-6c9d8f7b5-x2x9z", "laptop"),
  inferenceService: text,
  namespace: fc.constant("models"),
  component: text,
  endpoint: text,
  contentType: text,
  annotations: fc.constantFrom(
    "",
    "{",
    '{"mlplatform.dev/model-name":"churn","mlplatform.dev/run-id":["r"]}',
  ),
  problem: fc.constantFrom("", "", "ce-id is missing"),
});
const received: fc.Arbitrary<Received> = fc
  .record({
    context,
    own: fc.record({
      id: text,
      time,
      recordedTime: time,
      receivedAt: fc.integer({ min: 0, max: 2 ** 42 }),
      metadata: text,
    }),
    kept: fc.constantFrom(undefined, undefined, undefined, Kept.Truncated, Kept.Whole),
    body,
  })
  .map(({ context: shared, own, kept, body: bytes }) => {
    const facts =
      kept === undefined
        ? {}
        : { kept, bodyBytes: bytes.length + 5_000_000_000, bodySha256: "ab".repeat(32) };
    const bodyObject = kept === Kept.Whole ? "inferences/blobs/x.bin" : undefined;
    return { event: { ...own, ...shared, ...facts }, body: bytes, bodyObject };
  });

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const orNull = (value: string) => (value === "" ? null : value);
const micros = (value: number | null) => (value === null ? null : BigInt(value));

/** What a row says of an event, as the table's description has it. */
function expectedRow({ event, body: bytes, bodyObject }: Received, frame: number): unknown[] {
  const model = modelOf(event.annotations);
  const fact = (name: "model" | "dataset", ...parts: ("name" | "version" | "digest")[]) =>
    parts.map((part) => model(`mlplatform.dev/${name}-${part}` as Parameters<typeof model>[0]));
  const kept = event.kept ?? Kept.Whole;
  return [
    ...[event.id, event.type, event.source],
    ...[micros(timestampMicros(event.time)), micros(timestampMicros(event.recordedTime))],
    BigInt(event.receivedAt) * 1000n,
    ...[event.inferenceService, event.namespace, event.component, event.endpoint],
    revisionOf(event.source),
    ...fact("model", "name", "version"),
    model("mlplatform.dev/run-id"),
    ...fact("dataset", "name", "version", "digest"),
    ...[protocolOf(bytes), event.contentType],
    bodyObject === undefined ? bytes.toString("hex") : null,
    BigInt(event.bodyBytes ?? bytes.length),
    event.bodySha256 ?? sha256(bytes),
    kept !== Kept.Whole,
    ...[orNull(kept), bodyObject ?? null],
    ...[event.metadata, event.annotations, orNull(event.problem)],
    ...[log.writer, BigInt(log.sequence), BigInt(frame)],
  ];
}

describe("a part of the events table", function () {
  this.timeout(240_000);
  let engine: ParquetEngine;
  let folder: string;
  let files = 0;

  before(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-part-"));
    engine = await openParquetEngine({ temporaryDirectory: join(folder, "spill") });
  });
  after(async () => {
    engine.close();
    await fs.rm(folder, { recursive: true, force: true });
  });

  async function encode(events: Received[], groupRows = Infinity): Promise<Buffer> {
    const part = makeEventPart(log);
    for (const [index, { event, body: bytes, bodyObject }] of events.entries()) {
      const frame = readFrame(Buffer.concat(encodeEvent(event, bytes)));
      part.push(frame, { frame: index * 100, bodyObject });
      if (part.isGroupFull() || (index + 1) % groupRows === 0) {
        await part.endGroup();
      }
    }
    return part.finish();
  }

  // In the file's own order, times as the numbers they are.
  async function duckdbRows(bytes: Buffer): Promise<unknown[][]> {
    const file = join(folder, `part-${++files}.parquet`);
    await fs.writeFile(file, bytes);
    const reader = await engine.connection.runAndReadAll(
      `SELECT * REPLACE (epoch_us(time) AS time, epoch_us(recorded_time) AS recorded_time,
                         epoch_us(received_time) AS received_time, lower(hex(body)) AS body)
       FROM read_parquet('${file}')`,
    );
    const types = await engine.connection.runAndReadAll(`SELECT * FROM read_parquet('${file}')`);
    assert.deepEqual(
      types.columnNames(),
      inferenceEventsShape.columns.map(({ name }) => name),
    );
    assert.deepEqual(
      types.columnTypes().map(String),
      inferenceEventsShape.columns.map(({ type }) => type),
    );
    return reader.getRowsJS() as unknown[][];
  }

  async function hyparquetRows(bytes: Buffer): Promise<unknown[][]> {
    const copy = new Uint8Array(bytes);
    const rows = await parquetReadObjects({
      file: copy.buffer,
      compressors,
      utf8: false,
      parsers: { timestampFromMicroseconds: (value: bigint) => value } as never,
    });
    return rows.map((row) =>
      inferenceEventsShape.columns.map(({ name }) => {
        const cell: unknown = row[name] ?? null;
        return cell instanceof Uint8Array ? Buffer.from(cell).toString("hex") : cell;
      }),
    );
  }

  it("is read by DuckDB and by hyparquet as the events are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(received, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        async (events, groupRows) => {
          const bytes = await encode(events, groupRows);
          const expected = events.map((event, index) => expectedRow(event, index * 100));
          assert.deepEqual(await duckdbRows(bytes), expected);
          assert.deepEqual(await hyparquetRows(bytes), expected);
        },
      ),
      { seed: seed, numRuns: 60 },
    );
  });

  it("keeps long runs and what lies between them, group after group", async () => {
    const [sample] = fc.sample(received, { seed: seed, numRuns: 1 });
    const events = Array.from({ length: 70_000 }, (_, index) => ({
      ...sample!,
      bodyObject: undefined,
      event: {
        ...sample!.event,
        kept: undefined,
        bodyBytes: undefined,
        bodySha256: undefined,
        id: `id-${index}`,
        component: index % 1000 < 900 ? "predictor" : `c${index % 7}`,
      },
    }));
    const bytes = await encode(events);
    const rows = await duckdbRows(bytes);
    assert.equal(rows.length, events.length);
    rows.forEach((row, index) => {
      assert.equal(row[0], events[index]!.event.id);
      assert.equal(row[8], events[index]!.event.component);
    });
  });

  it("is the same file for the same events", async () => {
    const events = fc.sample(received, { seed: seed, numRuns: 500 });
    assert.deepEqual(await encode(events), await encode(events));
  });
});
