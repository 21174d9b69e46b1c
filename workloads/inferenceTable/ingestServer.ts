import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type SegmentLog, SegmentLogFullError } from "@mlplatform/lake";
import { encodeEvent, isCloudEvent, readCloudEvent } from "./inferenceEvent";
import type { InferenceTableMetrics } from "./metrics";

/** What the HTTP side works with. */
export interface IngestOptions {
  log: SegmentLog;
  metrics: InferenceTableMetrics;
  maxBodyBytes: number;
  /** Why the service isn't ready; undefined when it is. */
  notReadyReason: () => string | undefined;
  onError: (error: unknown) => void;
}

/** A request that can't be stored: the answer's status, and its reason as a metric label and a sentence. */
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
const MAX_HEADER_BYTES = 256 << 10;
// An agent that stalls in the middle of a body must not hold its bytes here for ever.
const REQUEST_TIMEOUT_MS = 60_000;

/** The HTTP server: POST / takes an event; GET /healthz, /readyz and /metrics. */
export function makeIngestServer(options: IngestOptions): Server {
  const { metrics } = options;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: 75_000,
    },
    (request, response) => {
      route(request, response, options).catch((error: unknown) => {
        if (error instanceof RefusedRequest) {
          metrics.refused.inc({ reason: error.reason });
          answer(response, error.status, error.message);
          return;
        }
        if (request.destroyed && !request.complete) {
          metrics.refused.inc({ reason: "aborted" });
          return;
        }
        const isFull = error instanceof SegmentLogFullError;
        metrics.refused.inc({ reason: isFull ? "full" : "disk_error" });
        options.onError(error);
        answer(response, 503, isFull ? "the log is full" : "the event could not be made durable");
      });
    },
  );
  return server;
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: IngestOptions,
): Promise<void> {
  const path = (request.url ?? "/").split("?")[0];
  if (request.method === "GET" && path === "/healthz") {
    return answer(response, 200, "ok");
  }
  if (request.method === "GET" && path === "/readyz") {
    const reason = options.notReadyReason();
    return answer(response, reason === undefined ? 200 : 503, reason ?? "ready");
  }
  if (request.method === "GET" && path === "/metrics") {
    const { registry } = options.metrics;
    response.setHeader("content-type", registry.contentType);
    response.end(await registry.metrics());
    return;
  }
  if (path !== "/") {
    throw new RefusedRequest(404, "path", "events are posted to /");
  }
  if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    throw new RefusedRequest(405, "method", "events are posted");
  }
  await ingest(request, response, options);
}

async function ingest(
  request: IncomingMessage,
  response: ServerResponse,
  options: IngestOptions,
): Promise<void> {
  const { metrics } = options;
  const endTimer = metrics.ackSeconds.startTimer();
  if (!isCloudEvent(request.headers)) {
    throw new RefusedRequest(
      400,
      "no_cloud_event",
      "no ce-* headers: post a CloudEvent, binary mode",
    );
  }
  const body = await readBody(request, options.maxBodyBytes);
  const event = readCloudEvent(request.headers, Date.now());
  await options.log.append(encodeEvent(event, body));
  answer(response, 202, "");
  endTimer();
  if (event.problem === "") {
    metrics.received.inc({
      namespace: event.namespace,
      inference_service: event.inferenceService,
      type: event.type.endsWith("request") ? "request" : "response",
    });
  } else {
    metrics.quarantined.inc();
  }
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBytes) {
      throw new RefusedRequest(413, "too_large", `a body may have ${maxBytes} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) {
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
