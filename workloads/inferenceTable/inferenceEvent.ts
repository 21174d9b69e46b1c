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
  /** @default whole */
  kept?: Kept;
  /** Size and hash of a body that isn't beside its event whole. */
  bodyBytes?: number;
  bodySha256?: string;
  /** File in the state directory that holds the body. */
  blob?: string;
}

/** The namespace of events that couldn't be understood; no Kubernetes namespace has an underscore. */
export const QUARANTINE_NAMESPACE = "_quarantine";

export const REQUEST_TYPE = "org.kubeflow.serving.inference.request";
export const RESPONSE_TYPE = "org.kubeflow.serving.inference.response";

/** An event's payload in the segment log: u32 length of the JSON, the JSON, the body. */
export function encodeEvent(event: InferenceEvent, body: Uint8Array): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(event), "utf8");
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(json.length, 0);
  return body.length === 0 ? [length, json] : [length, json, body];
}

/** Reads what `encodeEvent` wrote. */
export function decodeEvent(payload: Buffer): { event: InferenceEvent; body: Buffer } {
  const end = 4 + payload.readUInt32LE(0);
  return {
    event: JSON.parse(payload.toString("utf8", 4, end)) as InferenceEvent,
    body: payload.subarray(end),
  };
}
