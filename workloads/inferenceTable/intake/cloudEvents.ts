import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import { EventType } from "@mlplatform/contracts/eventTypes";
import type { InferenceEvent } from "./inferenceEvent";
import { arrayElements, objectMembers } from "./jsonScan";

/** The three ways in which the HTTP binding of CloudEvents 1.0 sends events. */
export enum ContentMode {
  /** Attributes in `ce-*` headers, the body is the payload: KServe's. */
  Binary = "binary",
  /** `application/cloudevents+json`: one event as JSON. */
  Structured = "structured",
  /** `application/cloudevents-batch+json`: a list of them. */
  Batched = "batched",
}

/** An event and its payload. */
export interface ReceivedEvent {
  event: InferenceEvent;
  body: Buffer;
  /** The body is the document that holds the event, because the event isn't sound. */
  isDocument?: boolean;
}

// A label of RFC 1123, as Kubernetes has it.
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const maxAttributes = 1_000;
const maxBatchEvents = 10_000;
const headerOf: Record<string, string> = Object.fromEntries(
  [
    ...["id", "type", "source", "specversion", "time", "recordedtime", "metadata", "annotations"],
    ...["inferenceservicename", "namespace", "component", "endpoint"],
  ].map((name) => [name, `ce-${name}`]),
);

/** How a request carries events; undefined where it isn't a CloudEvent. */
export function contentMode(headers: IncomingHttpHeaders): ContentMode | undefined {
  const type = headers["content-type"];
  if (type !== undefined && /^\s*application\/cloudevents/i.test(type)) {
    return /^\s*application\/cloudevents-batch\b/i.test(type)
      ? ContentMode.Batched
      : ContentMode.Structured;
  }
  // Any attribute will do: an event without its id is still an event, and goes to quarantine.
  for (const name in headers) {
    if (name.startsWith("ce-")) {
      return ContentMode.Binary;
    }
  }
  return undefined;
}

/**
 * Reads KServe's headers (kserve pkg/logger/worker.go). Never refuses: KServe doesn't send again,
 * so an event with a fault says which, and goes to quarantine with its bytes.
 */
export function readBinaryEvent(headers: IncomingHttpHeaders, receivedAt: number): InferenceEvent {
  return judged(
    (name) => {
      const value = headers[headerOf[name]!];
      return value === undefined
        ? ""
        : headerText(typeof value === "string" ? value : value.join(", "));
    },
    headers["content-type"] ?? "",
    receivedAt,
  );
}

/** Reads one event in JSON. Its payload are the bytes of `data` as they were sent. */
export function readStructuredEvent(json: Buffer, receivedAt: number): ReceivedEvent {
  const members = objectMembers(json, maxAttributes);
  if (members === undefined) {
    return quarantined(
      json,
      `the structured CloudEvent is not a JSON object of up to ${maxAttributes} attributes`,
      receivedAt,
    );
  }
  const slice = (name: string) => {
    const span = members.get(name);
    return span === undefined ? undefined : json.subarray(span.start, span.end);
  };
  const attribute = (name: string) => {
    const raw = slice(name)?.toString("utf8") ?? "";
    const value = raw.startsWith('"') ? textIn(raw) : raw;
    return value === undefined || value === "null" ? "" : value;
  };
  const contentType = attribute("datacontenttype");
  const event = judged(
    attribute,
    contentType === "" ? "application/json" : contentType,
    receivedAt,
  );
  if (event.problem !== "") {
    return { event, body: json, isDocument: true };
  }
  const encoded = slice("data_base64");
  if (encoded !== undefined) {
    const text = textIn(encoded.toString("latin1"));
    const body = Buffer.from(text ?? "", "base64");
    if (text === undefined || body.toString("base64") !== text) {
      return quarantined(json, "data_base64 is not base64", receivedAt);
    }
    return { event, body };
  }
  const data = slice("data") ?? Buffer.alloc(0);
  // Text of another type than JSON comes as a JSON string (JSON format 1.0, section 3.1).
  const isText = data[0] === 0x22 && !/[/+]json\b/i.test(contentType) && contentType !== "";
  const text = isText ? textIn(data.toString("utf8")) : undefined;
  return { event, body: text === undefined ? data : Buffer.from(text, "utf8") };
}

/** Reads a batch; each event stands for itself. One of too many is kept as it came. */
export function readBatch(json: Buffer, receivedAt: number): ReceivedEvent[] {
  const elements = arrayElements(json, maxBatchEvents);
  const problem = `the batch of CloudEvents is not a JSON list of up to ${maxBatchEvents}`;
  return elements === undefined
    ? [quarantined(json, problem, receivedAt)]
    : elements.map((element) => readStructuredEvent(element, receivedAt));
}

/** Bytes that can't be understood at all, kept with the reason. */
export function quarantined(body: Buffer, problem: string, receivedAt: number): ReceivedEvent {
  const event = judged(() => "", "", receivedAt);
  return { event: { ...event, problem }, body, isDocument: true };
}

function judged(
  attribute: (name: string) => string,
  contentType: string,
  receivedAt: number,
): InferenceEvent {
  const event: InferenceEvent = {
    id: attribute("id"),
    type: attribute("type"),
    source: attribute("source"),
    time: attribute("time"),
    recordedTime: attribute("recordedtime"),
    receivedAt,
    inferenceService: attribute("inferenceservicename"),
    namespace: attribute("namespace"),
    component: attribute("component"),
    endpoint: attribute("endpoint"),
    contentType,
    metadata: attribute("metadata"),
    annotations: attribute("annotations"),
    problem: "",
  };
  event.problem = findProblem(event, attribute("specversion"));
  return event;
}

function findProblem(event: InferenceEvent, specVersion: string): string {
  const problems: string[] = [];
  if (specVersion !== "1.0") {
    problems.push(`ce-specversion must be 1.0, got ${JSON.stringify(specVersion.slice(0, 40))}`);
  }
  for (const name of ["id", "source", "namespace"] as const) {
    if (event[name] === "") {
      problems.push(`ce-${name} is missing`);
    }
  }
  if (event.type !== EventType.Request && event.type !== EventType.Response) {
    problems.push(`ce-type is unknown: ${JSON.stringify(event.type.slice(0, 100))}`);
  }
  if (event.namespace !== "" && !namespacePattern.test(event.namespace)) {
    const shown = JSON.stringify(event.namespace.slice(0, 100));
    problems.push(`ce-namespace is no name of a namespace: ${shown}`);
  }
  return problems.join("; ");
}

/**
 * A header's text. Node gives its bytes as Latin-1; they are UTF-8 where they can be. A sender that
 * follows the binding percent-encodes spaces, quotes and all beyond ASCII; Go's SDK in KServe
 * doesn't, so a value with one of those unencoded is taken as it is.
 */
export function headerText(value: string): string {
  if (isPlainHeader(value)) {
    return value;
  }
  const bytes = Buffer.from(value, "latin1");
  const text = isUtf8(bytes) ? bytes.toString("utf8") : value;
  if (!/%[0-9a-f]{2}/i.test(text) || /[^!#-~]/.test(text)) {
    return text;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    // a percent sign that encodes nothing
    return text;
  }
}

// Most headers have neither a percent sign nor a byte beyond ASCII, and this is asked of each.
function isPlainHeader(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code > 0x7e || code === 0x25) {
      return false;
    }
  }
  return true;
}

function textIn(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? value : undefined;
  } catch {
    // a string with an escape that JSON doesn't know
    return undefined;
  }
}
