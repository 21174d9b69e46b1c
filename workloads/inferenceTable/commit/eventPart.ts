import { hash } from "node:crypto";
import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import {
  bytesColumn,
  constantColumn,
  dictionaryColumn,
  flagColumn,
  longColumn,
  optionalLongColumn,
  repeatedBytesColumn,
  schemaElement,
} from "@mlplatform/lake/parquet/parquetColumns";
import { type EncodedColumn, makeParquetFile } from "@mlplatform/lake/parquet/parquetPages";
import { inferenceEventsShape } from "@mlplatform/lake/tables/inferenceEventsShape";
import { type ModelFacts, modelOf, protocolOf, revisionOf, timestampMicros } from "./eventRow";
import { type EventContext, type EventFrame, Kept } from "../intake/inferenceEvent";

/** Where an event lies in the writer's log. */
export interface EventPlace {
  frame: number;
  /** Key of the object that holds the body. */
  bodyObject?: string;
}

/** The rows of one partition in a segment, on their way into a Parquet file. */
export interface EventPart {
  push(frame: EventFrame, place: EventPlace): void;
  /** Whether the rows have to be encoded before more are pushed. */
  isGroupFull(): boolean;
  /** Encodes what was pushed. */
  endGroup(): Promise<void>;
  /** The file's bytes: the same events in the same order give the same. */
  finish(): Promise<Buffer>;
}

// Speed of writing is what bounds the ingest; the paired table, which stays, is compressed harder.
const zstdLevel = 1;
const groupBytes = 16 << 20;
const groupRows = 64 << 10;

// What is encoded is a copy: the next group takes the room of one before it.
let spare: EventRows | undefined;

/**
 * Makes a part of the table of events. It is encoded here, column by column from the bytes of the
 * log: through a database's rows it took three times as much CPU, and three hundred mebibytes more.
 */
export function makeEventPart(log: { writer: string; sequence: number }): EventPart {
  const file = makeParquetFile(inferenceEventsShape.columns.map(schemaElement), zstdLevel);
  let rows: EventRows | undefined;

  async function endGroup(): Promise<void> {
    if (rows !== undefined) {
      const { count } = rows;
      const columns = rows.encode(log);
      rows.clear();
      spare = rows;
      rows = undefined;
      await file.addRows(count, columns);
    }
  }

  return {
    push(frame, place) {
      if (rows === undefined) {
        rows = spare ?? new EventRows();
        spare = undefined;
      }
      rows.push(frame, place);
    },
    isGroupFull: () => rows !== undefined && (rows.count >= groupRows || rows.bytes >= groupBytes),
    endGroup,
    async finish() {
      await endGroup();
      return file.finish();
    },
  };
}

/** Rows of a group, a column beside the other. */
class EventRows {
  count = 0;
  bytes = 0;
  private readonly ids = new ByteCells();
  private readonly times = new LongCells();
  private readonly recordedTimes = new LongCells();
  private readonly receivedTimes = new LongCells();
  private readonly contexts = new CodeCells<EventContext>();
  private readonly protocols = new CodeCells<string>();
  private readonly bodies = new RepeatedCells();
  private readonly bodyBytes = new LongCells();
  private readonly sha256s = new RepeatedCells();
  private readonly bodyObjects = new CodeCells<string | undefined>();
  private readonly metadata = new ByteCells();
  private readonly frames = new LongCells();
  private readonly cells = [
    ...[this.ids, this.bodies, this.sha256s, this.metadata],
    ...[this.times, this.recordedTimes, this.receivedTimes, this.bodyBytes, this.frames],
    ...[this.contexts, this.protocols, this.bodyObjects],
  ];

  push(frame: EventFrame, { frame: offset, bodyObject }: EventPlace): void {
    const { payload, context, idEnd, timeEnd, recordedTimeEnd, metadataEnd } = frame;
    const body = payload.subarray(metadataEnd);
    const sha256 = context.bodySha256 ?? hash("sha256", body, "hex");
    this.ids.push(payload, frame.idStart, idEnd);
    this.times.push(microsIn(payload, idEnd, timeEnd));
    this.recordedTimes.push(microsIn(payload, timeEnd, recordedTimeEnd));
    this.receivedTimes.push(frame.receivedAt * 1000);
    this.contexts.push(context);
    this.protocols.push(protocolOf(body));
    if (bodyObject !== undefined) {
      this.bodies.pushNone();
    } else if (this.bodies.pushKnown(context.bodySha256 === undefined ? sha256 : undefined)) {
      this.bodies.cells.push(payload, metadataEnd, payload.length);
    }
    this.bodyBytes.push(context.bodyBytes ?? body.length);
    if (this.sha256s.pushKnown(sha256)) {
      this.sha256s.cells.pushText(sha256);
    }
    this.bodyObjects.push(bodyObject);
    this.metadata.push(payload, recordedTimeEnd, metadataEnd);
    this.frames.push(offset);
    this.count += 1;
    this.bytes += payload.length;
  }

  encode({ writer, sequence }: { writer: string; sequence: number }): EncodedColumn[] {
    const { count } = this;
    const ofContext = (valueOf: (context: EventContext) => string | null) => (name: string) =>
      this.contexts.column(name, valueOf);
    const ofModel = (annotation: Parameters<ModelFacts>[0]) =>
      ofContext(({ annotations }) => modelOf(annotations)(annotation));
    const encoders: Record<string, (name: string) => EncodedColumn> = {
      id: (name) => this.ids.column(name),
      type: ofContext(({ type }) => type),
      source: ofContext(({ source }) => source),
      time: (name) => this.times.optionalColumn(name),
      recorded_time: (name) => this.recordedTimes.optionalColumn(name),
      received_time: (name) => this.receivedTimes.column(name),
      inference_service: ofContext(({ inferenceService }) => inferenceService),
      namespace: ofContext(({ namespace }) => namespace),
      component: ofContext(({ component }) => component),
      endpoint: ofContext(({ endpoint }) => endpoint),
      revision: ofContext(({ source }) => revisionOf(source)),
      model_name: ofModel(platformAnnotations.modelName),
      model_version: ofModel(platformAnnotations.modelVersion),
      mlflow_run_id: ofModel(platformAnnotations.runId),
      dataset_name: ofModel(platformAnnotations.datasetName),
      dataset_version: ofModel(platformAnnotations.datasetVersion),
      dataset_digest: ofModel(platformAnnotations.datasetDigest),
      protocol: (name) => this.protocols.column(name, (protocol) => protocol),
      content_type: ofContext(({ contentType }) => contentType),
      body: (name) => this.bodies.column(name),
      body_bytes: (name) => this.bodyBytes.column(name),
      body_sha256: (name) => this.sha256s.column(name),
      truncated: (name) => flagColumn(name, this.contexts.flags(isShortened)),
      degraded: ofContext((context) => (isShortened(context) ? context.kept! : null)),
      body_object: (name) => this.bodyObjects.column(name, (key) => key ?? null),
      metadata: (name) => this.metadata.column(name),
      annotations: ofContext(({ annotations }) => annotations),
      problem: ofContext(({ problem }) => (problem === "" ? null : problem)),
      writer: (name) => constantColumn(name, count, writer),
      sequence: (name) => longColumn(name, count, new Float64Array(count).fill(sequence)),
      frame: (name) => this.frames.column(name),
    };
    return inferenceEventsShape.columns.map(({ name }) => encoders[name]!(name));
  }

  clear(): void {
    this.cells.forEach((cells) => cells.clear());
    this.count = 0;
    this.bytes = 0;
  }
}

function isShortened({ kept = Kept.Whole }: EventContext): boolean {
  return kept !== Kept.Whole;
}

function microsIn(payload: Buffer, start: number, end: number): number {
  return timestampMicros(payload.toString("latin1", start, end)) ?? Number.NaN;
}

// Small: whoever posts can name thousands of namespaces, and each has a part.
const firstRows = 16;
const firstBytes = 256;

/** Whole numbers of a column, NaN where a row has none. */
class LongCells {
  private values = new Float64Array(firstRows);
  private count = 0;

  push(value: number): void {
    if (this.count === this.values.length) {
      const more = new Float64Array(2 * this.count);
      more.set(this.values);
      this.values = more;
    }
    this.values[this.count++] = value;
  }

  column(name: string): EncodedColumn {
    return longColumn(name, this.count, this.values);
  }

  optionalColumn(name: string): EncodedColumn {
    return optionalLongColumn(name, this.count, this.values);
  }

  clear(): void {
    this.count = 0;
  }
}

/** Lengths or codes, one a row. */
class IntCells {
  count = 0;
  private values = new Int32Array(firstRows);

  push(value: number): void {
    if (this.count === this.values.length) {
      const more = new Int32Array(2 * this.count);
      more.set(this.values);
      this.values = more;
    }
    this.values[this.count++] = value;
  }

  all(): Int32Array {
    return this.values.subarray(0, this.count);
  }

  clear(): void {
    this.count = 0;
  }
}

/** Bytes of a column, one cell behind the other. */
class ByteCells {
  private content = Buffer.allocUnsafe(firstBytes);
  private used = 0;
  private readonly lengths = new IntCells();

  push(bytes: Buffer, start: number, end: number): void {
    this.ensure(end - start);
    bytes.copy(this.content, this.used, start, end);
    this.lengths.push(end - start);
    this.used += end - start;
  }

  /** A text of ASCII. */
  pushText(text: string): void {
    this.ensure(text.length);
    this.content.write(text, this.used, "latin1");
    this.lengths.push(text.length);
    this.used += text.length;
  }

  private ensure(bytes: number): void {
    if (this.used + bytes > this.content.length) {
      const more = Buffer.allocUnsafe(Math.max(2 * this.content.length, this.used + bytes));
      this.content.copy(more, 0, 0, this.used);
      this.content = more;
    }
  }

  column(name: string): EncodedColumn {
    return bytesColumn(name, this.allLengths(), this.allContent());
  }

  allLengths(): Int32Array {
    return this.lengths.all();
  }

  allContent(): Buffer {
    return this.content.subarray(0, this.used);
  }

  clear(): void {
    this.used = 0;
    this.lengths.clear();
  }
}

/** Bytes that may repeat, each once. */
class RepeatedCells {
  readonly cells = new ByteCells();
  private readonly places = new Map<string, number>();
  private readonly codes = new IntCells();
  private distinct = 0;

  /** Adds a row. True where its bytes are to be pushed too: none with this key were. */
  pushKnown(key: string | undefined): boolean {
    const place = key === undefined ? undefined : this.places.get(key);
    this.codes.push(place ?? this.distinct);
    if (place !== undefined) {
      return false;
    }
    if (key !== undefined) {
      this.places.set(key, this.distinct);
    }
    this.distinct += 1;
    return true;
  }

  pushNone(): void {
    this.codes.push(-1);
  }

  column(name: string): EncodedColumn {
    return this.distinct === this.codes.count
      ? this.cells.column(name)
      : repeatedBytesColumn(
          name,
          this.codes.all(),
          this.cells.allLengths(),
          this.cells.allContent(),
        );
  }

  clear(): void {
    this.cells.clear();
    this.places.clear();
    this.codes.clear();
    this.distinct = 0;
  }
}

/** Values of which there are few, each by its number. */
class CodeCells<T> {
  private readonly numbers = new Map<T, number>();
  private readonly codes = new IntCells();

  push(value: T): void {
    let code = this.numbers.get(value);
    if (code === undefined) {
      code = this.numbers.size;
      this.numbers.set(value, code);
    }
    this.codes.push(code);
  }

  /** The column of a text that each value has, or none. */
  column(name: string, textOf: (value: T) => string | null): EncodedColumn {
    const texts = Array.from(this.numbers.keys(), textOf);
    const [first] = texts;
    if (first !== undefined && texts.every((text) => text === first)) {
      return constantColumn(name, this.codes.count, first);
    }
    const places = new Map(
      [...new Set(texts)].filter((text) => text !== null).map((text, place) => [text, place]),
    );
    const placeOf = Int32Array.from(texts, (text) => (text === null ? -1 : places.get(text)!));
    const codes = this.codes.all().map((code) => placeOf[code]!);
    return dictionaryColumn(name, codes, [...places.keys()]);
  }

  flags(isSet: (value: T) => boolean): Uint8Array {
    const flagOf = Array.from(this.numbers.keys(), (value) => (isSet(value) ? 1 : 0));
    return Uint8Array.from(this.codes.all().map((code) => flagOf[code]!));
  }

  clear(): void {
    this.numbers.clear();
    this.codes.clear();
  }
}
