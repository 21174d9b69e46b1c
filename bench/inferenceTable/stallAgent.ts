/**
 * The logger of one model's pod as a process of its own, under a steady load. Prints one JSON line
 * when its input ends.
 */
import { parseArgs } from "node:util";
import { EventType } from "@mlplatform/contracts/eventTypes";
import { PayloadDispatcher, payloadEvent } from "../../local/services/payloadEvents";

/** What the logger saw. */
export interface StallResult {
  delivered: number;
  failed: number;
  /** Events that waited for a worker, at most. */
  waiting: number;
  /** MiB of memory, before the stall and at most. */
  baselineMiB: number;
  peakMiB: number;
  /** Longest time without any delivery, seconds. */
  stalledSeconds: number;
}

const sampleMs = 250;
/**
 * Share of samples that count as before the stall: the caller stalls nothing for this many seconds.
 */
export const baselineSeconds = 10;

function main(): void {
  const { values } = parseArgs({
    options: { url: { type: "string" }, rate: { type: "string" }, bytes: { type: "string" } },
  });
  const rate = Number(values.rate);
  const dispatcher = new PayloadDispatcher(values.url!, () => undefined);
  const identity = {
    source: "churn-predictor-00003-deployment-6c9d8f7b5-x2x9z",
    inferenceService: "churn",
    namespace: "bench",
    component: "predictor",
    endpoint: "",
    metadataHeaders: [],
    annotations: {},
  };
  const result = { waiting: 0, baselineMiB: 0, peakMiB: 0, stalledSeconds: 0 };
  const started = performance.now();
  let sent = 0;
  let lastDelivered = 0;
  let lastProgress = started;
  const send = setInterval(() => {
    for (const due = ((performance.now() - started) / 1000) * rate; sent < due; sent++) {
      // A body of its own each time, as the agent reads one from each request.
      const body = Buffer.alloc(Number(values.bytes), 48 + (sent % 10));
      const id = `stall-${sent}`;
      dispatcher.enqueue(payloadEvent(identity, EventType.Request, id, {}, body, new Date()));
    }
  }, 5);
  const watch = setInterval(() => {
    const now = performance.now();
    const memory = process.memoryUsage.rss() / (1 << 20);
    const name = now - started < baselineSeconds * 1000 ? "baselineMiB" : "peakMiB";
    result[name] = Math.max(result[name], memory);
    result.waiting = Math.max(result.waiting, dispatcher.waiting);
    if (dispatcher.counts.delivered > lastDelivered) {
      lastDelivered = dispatcher.counts.delivered;
      lastProgress = now;
    }
    result.stalledSeconds = Math.max(result.stalledSeconds, (now - lastProgress) / 1000);
  }, sampleMs);
  process.stdin.resume().once("end", () => {
    clearInterval(send);
    clearInterval(watch);
    process.stdout.write(`${JSON.stringify({ ...result, ...dispatcher.counts })}\n`, () =>
      process.exit(0),
    );
  });
}

if (require.main === module) {
  main();
}
