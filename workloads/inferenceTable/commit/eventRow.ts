import type { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";

// What an event's attributes and first bytes tell of it, as cells of `inferenceEventsShape`. Pure
// functions of their input: replays give equal rows.

/** Stands for what an event doesn't tell; an alert counts it. */
export const unknownText = "unknown";
const firstSniffedBytes = 64;
const sniffedBytes = 4096;
const protocolOfKey: Record<string, string> = {
  instances: "v1",
  predictions: "v1",
  inputs: "v2",
  outputs: "v2",
  messages: "openai",
  prompt: "openai",
  choices: "openai",
};

/**
 * The revision that a pod's name tells: Knative's `<revision>-deployment-<hash>-<id>`, or a
 * Deployment's `<name>-<hash>-<id>`.
 */
export function revisionOf(podName: string): string {
  const match =
    /^(.+)-deployment-[a-z0-9]{6,10}-[a-z0-9]{5}$/.exec(podName) ??
    /^(.+)-[a-z0-9]{6,10}-[a-z0-9]{5}$/.exec(podName);
  return match?.[1] ?? unknownText;
}

/**
 * The serving protocol that a body's first bytes show; parsing whole bodies would cost more than
 * storing them.
 */
export function protocolOf(body: Buffer): string {
  // Nearly every body begins with its key.
  return protocolIn(body, firstSniffedBytes) ?? protocolIn(body, sniffedBytes) ?? unknownText;
}

function protocolIn(body: Buffer, bytes: number): string | undefined {
  const start = body.toString("latin1", 0, bytes);
  const match = /"(instances|predictions|inputs|outputs|messages|prompt|choices)"\s*:/.exec(start);
  return match === null ? undefined : protocolOfKey[match[1]!]!;
}

// Times of one second differ in their fraction only, and come together.
let lastSecond = { text: "", millis: Number.NaN };

/**
 * Microseconds since 1970 of an RFC 3339 time with up to nanoseconds; null for anything else. A
 * number has them exactly until the year 2255, and to 32 microseconds after it.
 */
export function timestampMicros(text: string): number | null {
  const length = text.length;
  // Almost every time is as Go and JavaScript write it: 2026-11-23T10:00:00.123456789Z.
  if (length > 20 && length <= 30 && text[19] === "." && text.startsWith(lastSecond.text)) {
    const digits = lastSecond.text !== "" ? fractionMicros(text, length) : undefined;
    if (digits !== undefined) {
      return lastSecond.millis * 1000 + digits;
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
  return seconds * 1000 + Number(micros);
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

type Annotation = (typeof platformAnnotations)[keyof typeof platformAnnotations];

/** A model's facts by their annotation. */
export type ModelFacts = (annotation: Annotation) => string;

// Every pod sends the same annotations with each of its events.
const knownAnnotations = new Map<string, ModelFacts>();
const maxKnownAnnotations = 1_000;
const maxKnownBytes = 8 << 10;

/** What the InferenceService's annotations say of the model. */
export function modelOf(annotations: string): ModelFacts {
  const known = knownAnnotations.get(annotations);
  if (known !== undefined) {
    return known;
  }
  if (knownAnnotations.size >= maxKnownAnnotations) {
    knownAnnotations.clear();
  }
  const facts = readAnnotations(annotations);
  if (annotations.length <= maxKnownBytes) {
    knownAnnotations.set(annotations, facts);
  }
  return facts;
}

// The annotations are a JSON object of the InferenceService's `mlplatform.dev/…`; older agents send
// every value as an array of one.
function readAnnotations(annotations: string): ModelFacts {
  let parsed: unknown;
  try {
    parsed = annotations === "" ? {} : JSON.parse(annotations);
  } catch {
    // a broken header leaves the model unknown, which an alert counts; the header itself is in the
    // row
    parsed = {};
  }
  const values = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<
    string,
    unknown
  >;
  return (annotation) => {
    const value = values[annotation];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === "string" && first !== "" ? first : unknownText;
  };
}
