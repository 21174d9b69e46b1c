import type { IncomingHttpHeaders } from "node:http";

/** An event as received: what its headers say, and when it came. */
export interface InferenceEvent {
  id: string;
  type: string;
  source: string;
  /** ce-time as sent. */
  time: string;
  recordedTime: string;
  /** Milliseconds since 1970 on this service's clock. It decides the partition: a sender's clock may lie. */
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
}

/** The namespace of events that couldn't be understood; no Kubernetes namespace has an underscore. */
export const QUARANTINE_NAMESPACE = "_quarantine";

const TYPES = new Set([
  "org.kubeflow.serving.inference.request",
  "org.kubeflow.serving.inference.response",
]);
const MAX_NAME_BYTES = 200;

/** Whether a request is a CloudEvent in binary mode at all. */
export function isCloudEvent(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some((name) => name.startsWith("ce-"));
}

/**
 * Reads KServe's headers (kserve pkg/logger/worker.go). Never refuses: KServe doesn't send again, so an
 * event with a fault goes to quarantine with its bytes and the reason.
 */
export function readCloudEvent(headers: IncomingHttpHeaders, receivedAt: number): InferenceEvent {
  const header = (name: string) => {
    const value = headers[`ce-${name}`];
    return Array.isArray(value) ? value.join(",") : (value ?? "");
  };
  const event: InferenceEvent = {
    id: header("id"),
    type: header("type"),
    source: header("source"),
    time: header("time"),
    recordedTime: header("recordedtime"),
    receivedAt,
    inferenceService: header("inferenceservicename"),
    namespace: header("namespace"),
    component: header("component"),
    endpoint: header("endpoint"),
    contentType: headers["content-type"] ?? "",
    metadata: header("metadata"),
    annotations: header("annotations"),
    problem: "",
  };
  const problems = findProblems(event, header("specversion"));
  if (problems.length === 0) {
    return event;
  }
  return { ...event, namespace: QUARANTINE_NAMESPACE, problem: problems.join("; ") };
}

function findProblems(event: InferenceEvent, specVersion: string): string[] {
  const problems: string[] = [];
  if (specVersion !== "1.0") {
    problems.push(`ce-specversion must be 1.0, got ${JSON.stringify(specVersion.slice(0, 40))}`);
  }
  for (const name of ["id", "source", "namespace"] as const) {
    if (event[name] === "") {
      problems.push(`ce-${name} is missing`);
    }
  }
  if (!TYPES.has(event.type)) {
    problems.push(`ce-type is unknown: ${JSON.stringify(event.type.slice(0, 100))}`);
  }
  if (Buffer.byteLength(event.namespace) > MAX_NAME_BYTES) {
    problems.push(`ce-namespace has more than ${MAX_NAME_BYTES} bytes`);
  }
  return problems;
}

/** An event's payload in the segment log: u32 length of the JSON, the JSON, the body. */
export function encodeEvent(event: InferenceEvent, body: Uint8Array): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(event), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length, 0);
  return [length, json, body];
}

/** Reads what `encodeEvent` wrote. */
export function decodeEvent(payload: Buffer): { event: InferenceEvent; body: Buffer } {
  const end = 4 + payload.readUInt32LE(0);
  return {
    event: JSON.parse(payload.toString("utf8", 4, end)) as InferenceEvent,
    body: payload.subarray(end),
  };
}
