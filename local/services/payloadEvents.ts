import { randomUUID } from "node:crypto";
import * as http from "node:http";
import type { EventType } from "@mlplatform/contracts/eventTypes";

/** What KServe's webhook tells the logger of one pod (`--source-uri`, `--inference-service`, …). */
export interface LoggerIdentity {
  /** Pod name; its prefix is the Knative revision. */
  source: string;
  inferenceService: string;
  namespace: string;
  component: string;
  endpoint: string;
  /** Request headers that are copied into the event (`logger.metadataHeaders`). */
  metadataHeaders: string[];
  /** Annotations that are copied into the event (`logger.metadataAnnotations`). */
  annotations: Record<string, string>;
}

/** One event, as the logger queues it. */
export interface PayloadEvent {
  headers: Record<string, string>;
  body: Buffer;
}

/** Id of a prediction: the client's `Ce-Id` as it is, else a new one (KServe's getOrCreateID). */
export function predictionId(headers: http.IncomingHttpHeaders): string {
  const given = headers["ce-id"];
  return typeof given === "string" && given !== "" ? given : randomUUID();
}

/**
 * The CloudEvents headers that KServe v0.20's logger sends in binary mode.
 *
 * Both halves carry the id and the content type of the *request* (kserve#2722).
 */
export function payloadEvent(
  identity: LoggerIdentity,
  type: EventType,
  id: string,
  request: http.IncomingHttpHeaders,
  body: Buffer,
  time: Date,
): PayloadEvent {
  const metadata = identity.metadataHeaders.flatMap((name) => {
    const value = request[name.toLowerCase()];
    return value === undefined ? [] : [[canonicalHeader(name), [value].flat()] as const];
  });
  return {
    headers: {
      "Content-Type": request["content-type"] ?? "application/json",
      "Ce-Specversion": "1.0",
      "Ce-Id": id,
      "Ce-Type": type,
      "Ce-Source": identity.source,
      "Ce-Time": time.toISOString(),
      "Ce-Inferenceservicename": identity.inferenceService,
      "Ce-Namespace": identity.namespace,
      "Ce-Component": identity.component,
      "Ce-Endpoint": identity.endpoint,
      "Ce-Metadata": JSON.stringify(Object.fromEntries(metadata)),
      "Ce-Annotations": JSON.stringify(identity.annotations),
    },
    body,
  };
}

/** A header's name as Go's net/http writes it. */
function canonicalHeader(name: string): string {
  return name
    .split("-")
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase())
    .join("-");
}

/** How the deliveries of a logger went. */
export interface DeliveryCounts {
  delivered: number;
  /** Answered with something else than 2xx, or not at all; KServe's logger only writes a line. */
  failed: number;
}

/** Workers of KServe's logger (cmd/agent/main.go). */
const workerCount = 5;
/**
 * Connections that Go's transport keeps when nobody uses them; a worker more opens one of its own.
 */
const idleConnections = 2;

/**
 * Delivers events as KServe's logger does (pkg/logger/dispatcher.go, worker.go): five workers, one
 * attempt each, no timeout. Nothing bounds the queue: each event waits in a goroutine of its own,
 * so a sink that hangs fills the memory of the pod.
 */
export class PayloadDispatcher {
  readonly counts: DeliveryCounts = { delivered: 0, failed: 0 };
  private readonly queue: PayloadEvent[] = [];
  private busy = 0;
  private idle: (() => void)[] = [];
  private readonly sockets = new http.Agent({
    keepAlive: true,
    maxSockets: workerCount,
    maxFreeSockets: idleConnections,
  });

  constructor(
    private readonly sink: string,
    private readonly report: (line: string) => void,
  ) {}

  /** Events that wait for a worker. */
  get waiting(): number {
    return this.queue.length;
  }

  enqueue(event: PayloadEvent): void {
    this.queue.push(event);
    this.work();
  }

  /** Settles once nothing is queued or on its way. */
  async drained(): Promise<void> {
    if (this.busy > 0 || this.queue.length > 0) {
      await new Promise<void>((resolve) => this.idle.push(resolve));
    }
  }

  private work(): void {
    while (this.busy < workerCount && this.queue.length > 0) {
      const event = this.queue.shift() as PayloadEvent;
      this.busy++;
      void this.deliver(event).finally(() => {
        this.busy--;
        this.work();
        if (this.busy === 0 && this.queue.length === 0) {
          this.idle.splice(0).forEach((resolve) => resolve());
        }
      });
    }
  }

  private async deliver(event: PayloadEvent): Promise<void> {
    const recorded = { "Ce-Recordedtime": new Date().toISOString() };
    try {
      const status = await post(
        this.sink,
        { ...event.headers, ...recorded },
        event.body,
        this.sockets,
      );
      if (status < 200 || status > 299) {
        throw new Error(`answered ${status}`);
      }
      this.counts.delivered++;
    } catch (error) {
      this.counts.failed++;
      this.report(`event ${event.headers["Ce-Id"]} was lost: ${(error as Error).message}`);
    }
  }
}

function post(
  url: string,
  headers: Record<string, string>,
  body: Buffer,
  agent: http.Agent,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      method: "POST",
      agent,
      headers: { ...headers, "Content-Length": body.length },
    };
    const request = http.request(url, options, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode ?? 0));
      answer.once("error", reject);
    });
    request.once("error", reject);
    request.end(body);
  });
}
