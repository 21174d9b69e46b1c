import { promises as fs } from "node:fs";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import {
  describeError,
  lockDirectory,
  type LogLine,
  oncePer,
  openObjectCache,
  openObjectStore,
  openParquetEngine,
  openSegmentLog,
  removeTemporaryFiles,
  repeat,
  writerIdentity,
} from "@mlplatform/lake";
import { makeCommitter } from "./committer";
import type { InferenceTableConfig } from "./config";
import { makeIngestServer } from "./ingestServer";
import { makeMetrics } from "./metrics";
import { makePairer } from "./pairer";

/** A running service. */
export interface InferenceTable {
  /** Where it listens. */
  url: string;
  /** Stops taking events, stores all that were acknowledged, pairs, and ends. Rejects when the lake didn't take them. */
  drain(): Promise<void>;
}

const MIB = 1 << 20;
const CACHE_BYTES = 1024 * MIB;
// A repeated failure is one line a minute, not one an event.
const REPEAT_LINE_MS = 60_000;

/** Starts the service: lock, recovery, listener, timers. */
export async function startInferenceTable(
  config: InferenceTableConfig,
  logLine: LogLine,
): Promise<InferenceTable> {
  const lock = await lockDirectory(config.stateDirectory);
  const metrics = makeMetrics();
  const store = openObjectStore({
    ...config.lake,
    onRetry: (_what, code) => metrics.storeRetries.inc({ code }),
  });
  const workDirectory = path.join(config.stateDirectory, "work");
  await fs.mkdir(workDirectory, { recursive: true, mode: 0o700 });
  await removeTemporaryFiles(workDirectory);
  const writer = await writerIdentity(config.stateDirectory);
  const log = await openSegmentLog({
    directory: path.join(config.stateDirectory, "log"),
    segmentBytes: config.segmentBytes,
    maxBytes: config.maxLogBytes,
  });
  const { recovery } = log;
  metrics.recoveredTornBytes.set(recovery.tornBytes);
  metrics.recoveredDamagedBytes.set(recovery.damagedBytes);
  if (recovery.segments > 0 || recovery.tornBytes > 0) {
    logLine(
      recovery.damagedBytes > 0 ? "error" : "info",
      `recovered ${recovery.records} events in ${recovery.segments} segments; dropped ` +
        `${recovery.tornBytes} unacknowledged bytes; ${recovery.damagedBytes} bytes are damaged`,
    );
  }
  const reportRepeated = oncePer(REPEAT_LINE_MS, logLine);
  // Pairing sorts and joins an hour; it must not make the commit of fresh events wait for memory.
  const commitEngine = await openParquetEngine({
    temporaryDirectory: path.join(workDirectory, "spill-commit"),
  });
  const pairEngine = await openParquetEngine({
    temporaryDirectory: path.join(workDirectory, "spill-pair"),
    memoryMiB: 512,
  });
  const committer = makeCommitter({
    log,
    store,
    engine: commitEngine,
    writer,
    workDirectory,
    onCommitted: (events) => metrics.committedEvents.inc(events),
    onFailure: (error) => {
      metrics.commitFailures.inc();
      reportRepeated("commit", `events wait on disk, their commit failed: ${describeError(error)}`);
    },
  });
  const pairer = makePairer({
    store,
    cache: await openObjectCache({
      store,
      directory: path.join(config.stateDirectory, "cache"),
      maxBytes: CACHE_BYTES,
    }),
    engine: pairEngine,
    workDirectory,
    graceMs: config.pairGraceMs,
    onPaired: (rows) => metrics.pairedRows.inc(rows),
  });

  let stopping: Promise<void> | undefined;
  const server = makeIngestServer({
    log,
    metrics,
    maxBodyBytes: config.maxBodyBytes,
    notReadyReason: () => (stopping === undefined ? undefined : "draining"),
    onError: (error) => reportRepeated("ingest", `an event was refused: ${describeError(error)}`),
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });

  async function commitOpen(): Promise<void> {
    await log.seal();
    await committer.commitSealed();
  }

  const stopCommits = repeat(config.commitIntervalMs, async () => {
    metrics.logBytes.set(log.size().diskBytes);
    // The committer has counted and reported its failure; the next round tries again.
    await commitOpen().catch(() => undefined);
    metrics.logBytes.set(log.size().diskBytes);
  });
  const stopPairs = repeat(config.pairIntervalMs, async () => {
    if (config.isPairing) {
      await pairer.pairDue(Date.now(), false).catch((error: unknown) => {
        metrics.pairFailures.inc();
        reportRepeated("pair", `pairing failed and is tried again: ${describeError(error)}`);
      });
    }
  });

  async function stop(): Promise<void> {
    // A kept-alive connection that turns idle after close() would hold the drain until its time-out.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearInterval(sweep);
    await Promise.all([stopCommits(), stopPairs()]);
    try {
      await log.close();
      await committer.commitSealed();
      if (config.isPairing) {
        await pairer.pairDue(Date.now(), true);
      }
    } finally {
      commitEngine.close();
      pairEngine.close();
      store.close();
      await lock.release();
    }
  }

  return {
    url: `http://${config.host}:${(server.address() as AddressInfo).port}`,
    drain: () => (stopping ??= stop()),
  };
}
