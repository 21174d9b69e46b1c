import { createHash } from "node:crypto";
import type { Cell } from "@mlplatform/lake";
import { type InferenceEvent, Kept } from "./inferenceEvent";

/** Where an event lies in the writer's log. */
export interface EventPlace {
  writer: string;
  sequence: number;
  frame: number;
  /** Key of the object that holds the body. */
  bodyObject?: string;
}

/** Stands for what an event doesn't tell; an alert counts it. */
export const UNKNOWN = "unknown";
const SNIFFED_BYTES = 4096;
const PROTOCOL_OF_KEY: Record<string, string> = {
  instances: "v1",
  predictions: "v1",
  inputs: "v2",
  outputs: "v2",
  messages: "openai",
  prompt: "openai",
  choices: "openai",
};

/** The event's row in the order of `inferenceEventsShape`. A pure function of its input: replays give equal rows. */
export function eventRow(event: InferenceEvent, body: Buffer, place: EventPlace): Cell[] {
  const model = modelOf(event.annotations);
  const kept = event.kept ?? Kept.Whole;
  return [
    event.id,
    event.type,
    event.source,
    timestampMicros(event.time),
    timestampMicros(event.recordedTime),
    BigInt(event.receivedAt) * 1000n,
    event.inferenceService,
    event.namespace,
    event.component,
    event.endpoint,
    revisionOf(event.source),
    model("model-name"),
    model("model-version"),
    model("run-id"),
    model("dataset-name"),
    model("dataset-version"),
    model("dataset-digest"),
    protocolOf(body),
    event.contentType,
    place.bodyObject === undefined ? body : null,
    BigInt(event.bodyBytes ?? body.length),
    event.bodySha256 ?? createHash("sha256").update(body).digest("hex"),
    kept !== Kept.Whole,
    kept === Kept.Whole ? null : kept,
    place.bodyObject ?? null,
    event.metadata,
    event.annotations,
    event.problem === "" ? null : event.problem,
    place.writer,
    BigInt(place.sequence),
    BigInt(place.frame),
  ];
}

/**
 * The revision that a pod's name tells: Knative's `<revision>-deployment-<hash>-<id>`, or a Deployment's
 * `<name>-<hash>-<id>`.
 */
export function revisionOf(podName: string): string {
  const match =
    /^(.+)-deployment-[a-z0-9]{6,10}-[a-z0-9]{5}$/.exec(podName) ??
    /^(.+)-[a-z0-9]{6,10}-[a-z0-9]{5}$/.exec(podName);
  return match?.[1] ?? UNKNOWN;
}

/** The serving protocol that a body's first bytes show; parsing whole bodies would cost more than storing them. */
export function protocolOf(body: Buffer): string {
  const start = body.toString("latin1", 0, SNIFFED_BYTES);
  const match = /"(instances|predictions|inputs|outputs|messages|prompt|choices)"\s*:/.exec(start);
  return match === null ? UNKNOWN : PROTOCOL_OF_KEY[match[1]!]!;
}

// Times of one second differ in their fraction only, and come together.
let lastSecond = { text: "", millis: Number.NaN };

/** Microseconds since 1970 of an RFC 3339 time with up to nanoseconds; null for anything else. */
export function timestampMicros(text: string): bigint | null {
  const length = text.length;
  // Almost every time is as Go and JavaScript write it: 2026-11-23T10:00:00.123456789Z.
  if (length > 20 && length <= 30 && text[19] === "." && text.startsWith(lastSecond.text)) {
    const digits = lastSecond.text !== "" ? fractionMicros(text, length) : undefined;
    if (digits !== undefined) {
      return BigInt(lastSecond.millis * 1000 + digits);
    }
  }
  const match =
    /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  const seconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`.toUpperCase());
  if (Number.isNaN(seconds)) {
    return null;
  }
  if (match![3] === "Z") {
    lastSecond = { text: match![1]!, millis: seconds };
  }
  const micros = (match![2] ?? "").padEnd(6, "0").slice(0, 6);
  return BigInt(seconds) * 1000n + BigInt(micros);
}

function fractionMicros(text: string, length: number): number | undefined {
  if (text[length - 1] !== "Z") {
    return undefined;
  }
  let micros = 0;
  for (let index = 20; index < length - 1; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) {
      return undefined;
    }
    if (index < 26) {
      micros = micros * 10 + digit;
    }
  }
  return micros * 10 ** Math.max(0, 26 - (length - 1));
}

/** A model's facts by the name of their annotation: model-name, run-id, … */
export type ModelFacts = (name: string) => string;

// Every pod sends the same annotations with each of its events.
const knownAnnotations = new Map<string, ModelFacts>();
const MAX_KNOWN_ANNOTATIONS = 1_000;

/** What the InferenceService's annotations say of the model. */
export function modelOf(annotations: string): ModelFacts {
  const known = knownAnnotations.get(annotations);
  if (known !== undefined) {
    return known;
  }
  if (knownAnnotations.size >= MAX_KNOWN_ANNOTATIONS) {
    knownAnnotations.clear();
  }
  const facts = readAnnotations(annotations);
  knownAnnotations.set(annotations, facts);
  return facts;
}

// The annotations are a JSON object of the InferenceService's `mlplatform.dev/…`; older agents send
// every value as an array of one.
function readAnnotations(annotations: string): ModelFacts {
  let parsed: unknown;
  try {
    parsed = annotations === "" ? {} : JSON.parse(annotations);
  } catch {
    // a broken header leaves the model unknown, which an alert counts; the header itself is in the row
    parsed = {};
  }
  const values = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<
    string,
    unknown
  >;
  return (name) => {
    const value = values[`mlplatform.dev/${name}`];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === "string" && first !== "" ? first : UNKNOWN;
  };
}
