import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type SegmentLog, SegmentLogFullError } from "@mlplatform/lake/segmentLog/segmentLog";
import type { BlobFiles } from "./blobFiles";
import { AbortedBodyError, type IntakeOptions, shortened, takeBody } from "./bodyIntake";
import {
  contentMode,
  ContentMode,
  quarantined,
  readBatch,
  readBinaryEvent,
  type ReceivedEvent,
  readStructuredEvent,
} from "./cloudEvents";
import { encodeEvent, type InferenceEvent, Kept, quarantineNamespace } from "./inferenceEvent";
import type { InferenceTableMetrics } from "../metrics";
import { Rung } from "./pressure";
import type { Redactor } from "./redaction";
import { isIngestPath, type SenderCheck, senderCheck } from "./senderProof";

/** What the HTTP side works with. */
export interface IngestOptions {
  log: SegmentLog;
  blobs: BlobFiles;
  metrics: InferenceTableMetrics;
  intake: IntakeOptions;
  redactor: Redactor;
  /** What senders prove their namespace with. @default - it is what an event says */
  ingestKey?: string;
  /** Whether the disk has no room for one more event. */
  isFull: () => boolean;
  /** Why the service isn't ready; undefined when it is. */
  notReadyReason: () => string | undefined;
  onError: (error: unknown) => void;
  /** Brings gauges up to date before they are read. */
  onScrape: () => void;
}

/**
 * A request that can't be stored: the answer's status, and its reason as a metric label and a
 * sentence.
 */
class RefusedRequest extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

// ce-metadata and ce-annotations carry JSON of any size in headers; Node's own limit is 16 KiB.
const maxHeaderBytes = 256 << 10;
// An agent that stalls in the middle of a body must not hold its bytes here for ever.
const requestTimeoutMs = 60_000;
// A body that has to be read as a whole: a structured event, or one that is redacted.
const maxParsedBytes = 16 << 20;
// What such a body takes while it is read and encoded, as a multiple of its length.
const parsedFactor = 4;

/**
 * The HTTP server: POST / and POST /<namespace>/<proof> take events; GET /healthz, /readyz and
 * /metrics.
 */
export function makeIngestServer(options: IngestOptions): Server {
  return createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: 75_000,
    },
    (request, response) => {
      route(request, response, options).catch((error: unknown) => refuse(response, options, error));
    },
  );
}

function refuse(response: ServerResponse, options: IngestOptions, error: unknown): void {
  const { metrics } = options;
  if (error instanceof RefusedRequest) {
    metrics.refused.inc({ reason: error.reason });
    return answer(response, error.status, error.message);
  }
  if (error instanceof AbortedBodyError) {
    metrics.refused.inc({ reason: "aborted" });
    return;
  }
  const isFull =
    error instanceof SegmentLogFullError || (error as NodeJS.ErrnoException).code === "ENOSPC";
  metrics.refused.inc({ reason: isFull ? "full" : "disk_error" });
  options.onError(error);
  answer(response, 503, isFull ? "the log is full" : "the event could not be made durable");
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: IngestOptions,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0]!;
  if (request.method === "GET" && path === "/healthz") {
    return answer(response, 200, "ok");
  }
  if (request.method === "GET" && path === "/readyz") {
    const reason = options.notReadyReason();
    return answer(response, reason === undefined ? 200 : 503, reason ?? "ready");
  }
  if (request.method === "GET" && path === "/metrics") {
    const { registry } = options.metrics;
    options.onScrape();
    response.setHeader("content-type", registry.contentType);
    response.end(await registry.metrics());
    return;
  }
  if (!isIngestPath(path)) {
    throw new RefusedRequest(
      404,
      "path",
      "events are posted to the address that a project is given",
    );
  }
  if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    throw new RefusedRequest(405, "method", "events are posted");
  }
  await ingest(request, response, { ...options, check: senderCheck(path, options.ingestKey) });
}

/** What one request is taken with. */
interface RequestOptions extends IngestOptions {
  check: SenderCheck;
}

async function ingest(
  request: IncomingMessage,
  response: ServerResponse,
  options: RequestOptions,
): Promise<void> {
  const { metrics } = options;
  const started = performance.now();
  const mode = contentMode(request.headers);
  if (mode === undefined) {
    throw new RefusedRequest(400, "no_cloud_event", "no ce-* headers: post a CloudEvent");
  }
  if (options.isFull()) {
    throw new SegmentLogFullError("the disk has no room for another event");
  }
  const events =
    mode === ContentMode.Binary
      ? await append([await takeBinary(request, options)], options)
      : await takeParsed(request, mode, options);
  answer(response, 202, "");
  metrics.ackSeconds.observe((performance.now() - started) / 1000);
  events.forEach(({ event }) => metrics.countEvent(event));
}

/** Makes events durable, all or none acknowledged. */
async function append(events: ReceivedEvent[], options: IngestOptions): Promise<ReceivedEvent[]> {
  const { log } = options;
  try {
    await (events.length === 1
      ? log.append(encodeEvent(events[0]!.event, events[0]!.body))
      : Promise.all(events.map(({ event, body }) => log.append(encodeEvent(event, body)))));
    return events;
  } catch (error) {
    // Not acknowledged: no event names these files.
    await Promise.all(
      events.map(({ event: { blob } }) =>
        blob === undefined ? undefined : options.blobs.remove(blob),
      ),
    );
    throw error;
  }
}

async function takeBinary(
  request: IncomingMessage,
  options: RequestOptions,
): Promise<ReceivedEvent> {
  const { redactor, intake, check } = options;
  const event = check(readBinaryEvent(request.headers, Date.now()));
  if (!redactor.concerns(event.namespace, event.inferenceService)) {
    const { body, ...facts } = await takeBody(request, intake);
    return { event: finished({ ...event, ...keptFacts(facts) }, options), body };
  }
  const whole = { ...intake, inlineBytes: maxParsedBytes };
  const { body, ...facts } = await takeBody(request, whole, () => redactor.fingerprint());
  return facts.kept === Kept.Whole
    ? redacted({ event, body }, options)
    : { event: finished({ ...event, ...facts }, options), body };
}

async function takeParsed(
  request: IncomingMessage,
  mode: ContentMode,
  options: RequestOptions,
): Promise<ReceivedEvent[]> {
  const { redactor, intake, check } = options;
  const isRedacted = redactor.concerns("", "");
  // On every rung the attributes must be read; the bodies are shortened after that.
  const whole = { ...intake, inlineBytes: maxParsedBytes, rung: () => Rung.Full };
  const withhold = isRedacted ? () => redactor.fingerprint() : undefined;
  const { body, ...facts } = await takeBody(request, whole, withhold);
  const now = Date.now();
  if (facts.blob !== undefined || facts.kept !== Kept.Whole) {
    const { event } = quarantined(
      body,
      `a ${mode} event must fit into memory, ${maxParsedBytes} bytes at most`,
      now,
    );
    return append([{ event: finished({ ...event, ...facts }, options), body }], options);
  }
  // Until its events are in the log: many such bodies at once wait for one another.
  const bytes = parsedFactor * body.length;
  await intake.memory.take(bytes);
  try {
    const events =
      mode === ContentMode.Batched ? readBatch(body, now) : [readStructuredEvent(body, now)];
    const kept = events.map(({ event, ...received }) =>
      redacted({ ...received, event: check(event) }, options),
    );
    return await append(kept, options);
  } finally {
    intake.memory.give(bytes);
  }
}

// The payload without what rules name, as much of it as the disk has room for.
function redacted(received: ReceivedEvent, options: IngestOptions): ReceivedEvent {
  const { redactor, metrics } = options;
  const { namespace, inferenceService } = received.event;
  let body: Buffer | undefined;
  try {
    // In a whole document the payload is somewhere the rules don't lead to.
    body =
      received.isDocument === true && redactor.concerns(namespace, inferenceService)
        ? undefined
        : redactor.redactBody(namespace, inferenceService, received.body);
  } catch (error) {
    options.onError(error);
  }
  if (body === undefined) {
    metrics.redactionFailures.inc();
    const facts = {
      kept: Kept.Withheld,
      bodyBytes: received.body.length,
      bodySha256: redactor.fingerprint().update(received.body).digest("hex"),
    };
    return { event: finished({ ...received.event, ...facts }, options), body: Buffer.alloc(0) };
  }
  const { body: shown, ...facts } = shortened(body, options.intake.rung());
  return { event: finished({ ...received.event, ...keptFacts(facts) }, options), body: shown };
}

// Nearly every event is whole, and its frame needn't say so.
function keptFacts(facts: Pick<InferenceEvent, "kept" | "bodyBytes" | "bodySha256" | "blob">) {
  return facts.kept === Kept.Whole && facts.blob === undefined ? {} : facts;
}

function finished(event: InferenceEvent, options: IngestOptions): InferenceEvent {
  const { namespace, inferenceService } = event;
  event.metadata = options.redactor.redactMetadata(namespace, inferenceService, event.metadata);
  if (event.problem !== "") {
    event.namespace = quarantineNamespace;
  }
  return event;
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) {
    return;
  }
  if (status < 400 && text === "") {
    response.writeHead(status, { "content-length": 0 });
    response.end();
    return;
  }
  if (status >= 400) {
    // What is left of a refused body isn't read.
    response.setHeader("connection", "close");
  }
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(text === "" ? "" : `${text}\n`);
}
