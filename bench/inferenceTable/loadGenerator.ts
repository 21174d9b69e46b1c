/**
 * Posts payload events as KServe's agents do, and prints what came of it as one JSON line. It runs
 * as a process of its own, and writes to sockets itself: a client library would use more of the
 * machine than what is measured.
 */
import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";

/** What a run of the generator found. */
export interface LoadResult {
  acknowledged: number;
  refused: number;
  broken: number;
  seconds: number;
  /** Milliseconds from the first byte of a request to its answer. */
  p50: number;
  p99: number;
  max: number;
}

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    seconds: { type: "string", default: "10" },
    /** Events in all; with it `seconds` is a bound only. */
    events: { type: "string", default: "0" },
    connections: { type: "string", default: "64" },
    /** Events a second; 0: the next as soon as the last is answered. */
    rate: { type: "string", default: "0" },
    bytes: { type: "string", default: "1024" },
    /** A new connection for each event, as 30 % of the agent's are. */
    fresh: { type: "boolean", default: false },
    prefix: { type: "string", default: "e" },
  },
});

const target = new URL(values.url!);
const seconds = Number(values.seconds);
const events = Number(values.events);
const rate = Number(values.rate);
const idDigits = 12;
const bodies = 512;

let random = 7;
function nextRandom(): number {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return random / 2 ** 32;
}

// A row of a table as the services get it; of the asked size by the number of its features.
function bodyOf(bytes: number): string {
  const count = Math.floor((bytes - 18) / 9);
  const row = Array.from({ length: count }, () => nextRandom().toFixed(6)).join(",");
  return `{"instances":[[${row}]]}`.padEnd(bytes);
}

const head = (type: string, body: string) =>
  [
    `POST / HTTP/1.1`,
    `Host: ${target.host}`,
    ...(values.fresh ? ["Connection: close"] : []),
    `Content-Type: application/json`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Ce-Specversion: 1.0`,
    `Ce-Type: org.kubeflow.serving.inference.${type}`,
    `Ce-Source: churn-predictor-00003-deployment-6c9d8f7b5-x2x9z`,
    `Ce-Time: 2026-11-23T10:00:00.123456789Z`,
    `Ce-Recordedtime: 2026-11-23T10:00:00.223456789Z`,
    `Ce-Inferenceservicename: churn`,
    `Ce-Namespace: bench`,
    `Ce-Component: predictor`,
    `Ce-Endpoint: `,
    `Ce-Metadata: {"X-Request-Id":["abc"]}`,
    "Ce-Annotations: " +
      JSON.stringify({
        "mlplatform.dev/model-name": "churn",
        "mlplatform.dev/model-version": "7",
        "mlplatform.dev/run-id": "0123456789abcdef",
        "mlplatform.dev/dataset-name": "churn",
        "mlplatform.dev/dataset-version": "1",
        "mlplatform.dev/dataset-digest": "sha256-abc",
      }),
    `Ce-Id: ${values.prefix}-${"0".repeat(idDigits)}`,
    "",
    body,
  ].join("\r\n");
// Request and response alternate under one id; no two of a hundred bodies are alike.
const templates = Array.from({ length: bodies }, (_, index) => {
  const type = index % 2 === 0 ? "request" : "response";
  const bytes = Buffer.from(head(type, bodyOf(Number(values.bytes))), "latin1");
  return { bytes, at: bytes.indexOf(`Ce-Id: ${values.prefix}-`) + 8 + values.prefix!.length };
});

const latencies: number[] = [];
const result = { acknowledged: 0, refused: 0, broken: 0 };
let next = 0;
const started = performance.now();
const until = started + seconds * 1000;
const isOver = () => performance.now() >= until || (events > 0 && next >= events);

function nextRequest(): Buffer {
  const index = next++;
  const { bytes, at } = templates[index % bodies]!;
  const request = Buffer.from(bytes);
  request.write(String(index >> 1).padStart(idDigits, "0"), at, "latin1");
  return request;
}

/** One connection: a request, its answer, the next. Ends when the run is over. */
function connection(): Promise<void> {
  return new Promise((done) => {
    const send = (socket: Socket) => {
      if (isOver()) {
        socket.destroy();
        done();
        return;
      }
      const wait = rate === 0 ? 0 : started + (next / rate) * 1000 - performance.now();
      if (wait > 1) {
        setTimeout(() => send(socket), wait);
        return;
      }
      const sentAt = performance.now();
      let isAnswered = false;
      const onData = (chunk: Buffer) => {
        // 202 and its headers come in one piece; there is no body.
        isAnswered = true;
        const isAcknowledged = chunk.toString("latin1", 9, 12) === "202";
        result[isAcknowledged ? "acknowledged" : "refused"] += 1;
        latencies.push(performance.now() - sentAt);
        socket.off("data", onData);
        if (values.fresh || !isAcknowledged) {
          socket.removeAllListeners("close");
          socket.destroy();
          open();
        } else {
          socket.off("close", onClose);
          send(socket);
        }
      };
      const onClose = () => {
        if (!isAnswered) {
          result.broken += 1;
          setTimeout(open, 20);
        }
      };
      socket.on("data", onData);
      socket.once("close", onClose);
      socket.write(nextRequest());
    };
    const open = () => {
      if (isOver()) {
        done();
        return;
      }
      const socket = connect(Number(target.port), target.hostname);
      socket.setNoDelay(true);
      let isOpen = false;
      socket.on("error", () => undefined);
      socket.once("connect", () => {
        isOpen = true;
        send(socket);
      });
      socket.once("close", () => {
        if (!isOpen) {
          result.broken += 1;
          setTimeout(open, 20);
        }
      });
    };
    open();
  });
}

async function main(): Promise<void> {
  await Promise.all(Array.from({ length: Number(values.connections) }, connection));
  const elapsed = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  const found: LoadResult = {
    ...result,
    seconds: elapsed,
    p50: at(0.5),
    p99: at(0.99),
    max: latencies.at(-1) ?? 0,
  };
  process.stdout.write(`${JSON.stringify(found)}\n`);
}

void main();
