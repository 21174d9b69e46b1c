import { crc32 } from "node:zlib";

/** How much of a body is kept. */
export enum Kept {
  Whole = "",
  /** Its first bytes, its hash and its size: the log was nearly full. */
  Truncated = "truncated",
  /** Its hash and its size: the log was fuller still. */
  MetadataOnly = "metadata_only",
  /** Nothing: a redaction rule is about it, and it can't be read to apply the rule. */
  Withheld = "withheld",
}

/** An event as received: what its attributes say, and when it came. */
export interface InferenceEvent {
  id: string;
  type: string;
  source: string;
  /** `time` as sent. */
  time: string;
  recordedTime: string;
  /**
   * Milliseconds since 1970 on this service's clock. It decides the partition: a sender's clock may
   * lie.
   */
  receivedAt: number;
  inferenceService: string;
  namespace: string;
  component: string;
  endpoint: string;
  contentType: string;
  metadata: string;
  annotations: string;
  /** Why the event couldn't be understood; empty when it was. */
  problem: string;
  /** @default whole */
  kept?: Kept;
  /** Size and hash of a body that isn't beside its event whole. */
  bodyBytes?: number;
  bodySha256?: string;
  /** File in the state directory that holds the body. */
  blob?: string;
}

/**
 * The namespace of events that couldn't be understood; no Kubernetes namespace has an underscore.
 */
export const quarantineNamespace = "_quarantine";

/** What an event shares with others: all of it where they come from one pod and are of one type. */
export type EventContext = Omit<InferenceEvent, (typeof ownKeys)[number]>;

const ownKeys = ["id", "time", "recordedTime", "receivedAt", "metadata"] as const;

/**
 * An event as it lies in the segment log: its context, and where in the payload the rest of it is.
 */
export interface EventFrame {
  payload: Buffer;
  /** The same object for equal contexts, while it is remembered. */
  context: EventContext;
  receivedAt: number;
  /** Where `id` begins; each of the others begins where the one before it ends. */
  idStart: number;
  idEnd: number;
  timeEnd: number;
  recordedTimeEnd: number;
  /** Behind it lies the body. */
  metadataEnd: number;
}

// A payload in the segment log:
// u32 length of the context | u32 its CRC | u32 lengths of id, time, recordedTime, metadata | f64
// receivedAt
//   | the context as JSON | id | time | recordedTime | metadata | body
// The context takes more bytes than all the rest of the attributes, and is nearly always one that
// came before: it is made and read once, not once an event.
const headBytes = 32;
const maxContexts = 1_000;
// A platform's annotations take a kibibyte; a sender's may take a body's length.
const maxContextBytes = 8 << 10;

interface EncodedContext {
  context: EventContext;
  json: Buffer;
  crc: number;
}

const encodedContexts = new Map<string, EncodedContext>();

/** An event's payload in the segment log, in parts. */
export function encodeEvent(event: InferenceEvent, body: Uint8Array): Uint8Array[] {
  const { json, crc } = encodedContext(event);
  const { id, time, recordedTime, metadata } = event;
  const text = id + time + recordedTime + metadata;
  const isAscii = Buffer.byteLength(text) === text.length;
  const own = Buffer.from(text, isAscii ? "latin1" : "utf8");
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32LE(json.length, 0);
  head.writeUInt32LE(crc, 4);
  head.writeUInt32LE(byteLength(id, isAscii), 8);
  head.writeUInt32LE(byteLength(time, isAscii), 12);
  head.writeUInt32LE(byteLength(recordedTime, isAscii), 16);
  head.writeUInt32LE(byteLength(metadata, isAscii), 20);
  head.writeDoubleLE(event.receivedAt, 24);
  return [head, json, own, body];
}

function byteLength(text: string, isAscii: boolean): number {
  return isAscii ? text.length : Buffer.byteLength(text);
}

function encodedContext(event: InferenceEvent): EncodedContext {
  // A body that isn't beside its event whole has facts of its own.
  const isShared = event.kept === undefined && event.bodyBytes === undefined;
  const key = isShared ? `${event.type}\n${event.source}` : "";
  const known = isShared ? encodedContexts.get(key) : undefined;
  if (known !== undefined && hasContext(event, known.context)) {
    return known;
  }
  const context: EventContext = contextOf(event);
  const json = Buffer.from(JSON.stringify(context), "utf8");
  const made = { context, json, crc: crc32(json) };
  if (isShared && json.length <= maxContextBytes) {
    remember(encodedContexts, key, made);
  }
  return made;
}

function contextOf(event: InferenceEvent): EventContext {
  const context: Partial<InferenceEvent> = { ...event };
  ownKeys.forEach((name) => delete context[name]);
  return context as EventContext;
}

function hasContext(event: InferenceEvent, context: EventContext): boolean {
  return (
    event.annotations === context.annotations &&
    event.inferenceService === context.inferenceService &&
    event.namespace === context.namespace &&
    event.component === context.component &&
    event.endpoint === context.endpoint &&
    event.contentType === context.contentType &&
    event.problem === context.problem &&
    event.type === context.type &&
    event.source === context.source
  );
}

function remember<K, V>(known: Map<K, V>, key: K, value: V): void {
  if (known.size >= maxContexts) {
    known.clear();
  }
  known.set(key, value);
}

const decodedContexts = new Map<number, { json: Buffer; context: EventContext }>();

/** Reads what `encodeEvent` wrote, as far as that takes no copy. */
export function readFrame(payload: Buffer): EventFrame {
  const idStart = headBytes + payload.readUInt32LE(0);
  const idEnd = idStart + payload.readUInt32LE(8);
  const timeEnd = idEnd + payload.readUInt32LE(12);
  const recordedTimeEnd = timeEnd + payload.readUInt32LE(16);
  return {
    payload,
    context: decodedContext(payload, idStart),
    receivedAt: payload.readDoubleLE(24),
    idStart,
    idEnd,
    timeEnd,
    recordedTimeEnd,
    metadataEnd: recordedTimeEnd + payload.readUInt32LE(20),
  };
}

function decodedContext(payload: Buffer, end: number): EventContext {
  const crc = payload.readUInt32LE(4);
  const known = decodedContexts.get(crc);
  if (known !== undefined && payload.compare(known.json, 0, undefined, headBytes, end) === 0) {
    return known.context;
  }
  const json = Buffer.from(payload.subarray(headBytes, end));
  const context = JSON.parse(json.toString("utf8")) as EventContext;
  if (json.length <= maxContextBytes) {
    remember(decodedContexts, crc, { json, context });
  }
  return context;
}

/** Reads what `encodeEvent` wrote. */
export function decodeEvent(payload: Buffer): { event: InferenceEvent; body: Buffer } {
  const { context, receivedAt, idStart, idEnd, timeEnd, recordedTimeEnd, metadataEnd } =
    readFrame(payload);
  const event = {
    ...context,
    id: payload.toString("utf8", idStart, idEnd),
    time: payload.toString("utf8", idEnd, timeEnd),
    recordedTime: payload.toString("utf8", timeEnd, recordedTimeEnd),
    receivedAt,
    metadata: payload.toString("utf8", recordedTimeEnd, metadataEnd),
  };
  return { event, body: payload.subarray(metadataEnd) };
}
