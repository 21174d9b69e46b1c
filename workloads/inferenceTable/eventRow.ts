import { createHash } from "node:crypto";
import type { Cell } from "@mlplatform/lake";
import type { InferenceEvent } from "./inferenceEvent";

/** Where an event lies in the writer's log. */
export interface EventPlace {
  writer: string;
  sequence: number;
  frame: number;
}

const UNKNOWN = "unknown";
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
    body,
    BigInt(body.length),
    createHash("sha256").update(body).digest("hex"),
    false,
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

/** Microseconds since 1970 of an RFC 3339 time with up to nanoseconds; null for anything else. */
export function timestampMicros(text: string): bigint | null {
  const match =
    /^(\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  const seconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`.toUpperCase());
  if (Number.isNaN(seconds)) {
    return null;
  }
  const micros = (match![2] ?? "").padEnd(6, "0").slice(0, 6);
  return BigInt(seconds) * 1000n + BigInt(micros);
}

// The annotations are a JSON object of the InferenceService's `mlplatform.dev/…`; older agents send
// every value as an array of one.
function modelOf(annotations: string): (name: string) => string {
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
