import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { EventType } from "@mlplatform/contracts/eventTypes";
import { InvocationMetrics } from "./invocationMetrics";
import {
  type LoggerIdentity,
  PayloadDispatcher,
  payloadEvent,
  predictionId,
} from "./payloadEvents";

/** What the stand-in for KServe's sidecar is told. */
export interface AgentOptions {
  host: string;
  port: number;
  /** The model server behind it. */
  upstream: string;
  /** Where payload events go (`logger.url`). */
  sink: string;
  identity: LoggerIdentity;
  report: (line: string) => void;
}

/** A running stand-in. */
export interface KserveAgent {
  url: string;
  dispatcher: PayloadDispatcher;
  /** Answers what is in flight, delivers what is queued, then ends. */
  close(): Promise<void>;
}

/**
 * A proxy that stands for the sidecars of a model's pod. As KServe's agent it forwards predictions
 * to the model server and posts one event for each request, and one for each answer of 200; as
 * Knative's queue-proxy it answers /metrics with the requests that were served.
 */
export async function startKserveAgent(options: AgentOptions): Promise<KserveAgent> {
  const dispatcher = new PayloadDispatcher(options.sink, options.report);
  const sockets = new http.Agent({ keepAlive: true });
  const { namespace, inferenceService, source } = options.identity;
  const metrics = new InvocationMetrics({
    k8s_namespace_name: namespace,
    kn_service_name: `${inferenceService}-predictor`,
    kn_revision_name: source.replace(/-deployment-.*$/, ""),
  });
  const server = http.createServer((request, response) => {
    if (request.url === "/metrics") {
      response.setHeader("content-type", "text/plain; version=0.0.4");
      response.end(metrics.text());
      return;
    }
    const started = performance.now();
    response.once("finish", () => {
      if (!isProbe(request)) {
        metrics.observe(response.statusCode, (performance.now() - started) / 1000);
      }
    });
    handle(options, dispatcher, sockets, request, response).catch((error: Error) => {
      options.report(`prediction failed: ${error.message}`);
      if (!response.headersSent) {
        response.writeHead(502, { "content-type": "application/json" });
      }
      response.end(JSON.stringify({ error: `the model server does not answer: ${error.message}` }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    url: `http://${options.host}:${(server.address() as AddressInfo).port}`,
    dispatcher,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeIdleConnections();
      });
      await dispatcher.drained();
      sockets.destroy();
    },
  };
}

function isProbe(request: http.IncomingMessage): boolean {
  return request.headers["user-agent"]?.startsWith("kube-probe/") === true;
}

async function handle(
  options: AgentOptions,
  dispatcher: PayloadDispatcher,
  sockets: http.Agent,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const body = await readAll(request);
  const id = predictionId(request.headers);
  const event = (type: EventType, bytes: Buffer) =>
    payloadEvent(options.identity, type, id, request.headers, bytes, new Date());
  if (!isProbe(request)) {
    dispatcher.enqueue(event(EventType.Request, body));
  }
  const answer = await forward(options.upstream, sockets, request, body);
  if (!isProbe(request) && answer.status === 200) {
    dispatcher.enqueue(event(EventType.Response, answer.body));
  }
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

function forward(
  upstream: string,
  agent: http.Agent,
  request: http.IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: http.OutgoingHttpHeaders; body: Buffer }> {
  // CloudEvents headers are the agent's: passed on, KServe would answer with an event of its own.
  const kept = Object.entries(request.headers).filter(
    ([name]) => !name.startsWith("ce-") && !["host", "connection", "content-length"].includes(name),
  );
  const headers = { ...Object.fromEntries(kept), "content-length": String(body.length) };
  return new Promise((resolve, reject) => {
    const url = new URL(request.url ?? "/", upstream);
    const sent = http.request(url, { method: request.method, agent, headers }, (answer) => {
      readAll(answer).then((bytes) => {
        const passed = Object.entries(answer.headers).filter(
          ([name]) => !["connection", "transfer-encoding", "content-length"].includes(name),
        );
        const length = ["content-length", String(bytes.length)];
        const headers = Object.fromEntries([...passed, length]) as http.OutgoingHttpHeaders;
        resolve({ status: answer.statusCode ?? 502, headers, body: bytes });
      }, reject);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

async function readAll(stream: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Reads the options from MLP_AGENT, a JSON document: a pod's arguments hold the same. */
async function main(): Promise<void> {
  const report = (line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`);
  const given = JSON.parse(process.env.MLP_AGENT ?? "{}") as Omit<AgentOptions, "report">;
  const agent = await startKserveAgent({ ...given, report });
  report(`listening on ${agent.url}, model server ${given.upstream}, events to ${given.sink}`);
  const stop = () => {
    void agent.close().then(() => {
      const { delivered, failed } = agent.dispatcher.counts;
      report(`ended: ${delivered} events delivered, ${failed} lost`);
      process.exit(0);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

if (require.main === module) {
  main().catch((error: Error) => {
    process.stderr.write(`kserve agent: ${error.message}\n`);
    process.exit(1);
  });
}
