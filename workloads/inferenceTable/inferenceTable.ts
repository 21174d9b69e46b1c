import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { lockDirectory } from "@mlplatform/lake/segmentLog/instanceLock";
import { openSegmentLog, type SegmentLog } from "@mlplatform/lake/segmentLog/segmentLog";
import { writerIdentity } from "@mlplatform/lake/segmentLog/writerIdentity";
import { describeError, type LogLine, oncePer } from "@mlplatform/lake/service/logLine";
import { repeat } from "@mlplatform/lake/service/repeat";
import { type BlobFiles, openBlobFiles } from "./intake/blobFiles";
import { MemoryBudget } from "./intake/bodyIntake";
import type { InferenceTableConfig } from "./config";
import { decodeEvent } from "./intake/inferenceEvent";
import { makeIngestServer } from "./intake/ingestServer";
import { type LakeThread, startLakeThread } from "./commit/lakeThread";
import { type InferenceTableMetrics, makeMetrics, showRung } from "./metrics";
import { type PressureGauge, rungAt, watchPressure } from "./intake/pressure";

/** A running service. */
export interface InferenceTable {
  /** Where it listens. */
  url: string;
  /**
   * Stops taking events, stores all that were acknowledged, and ends. Rejects when the lake didn't
   * take them.
   */
  drain(): Promise<void>;
}

// Under load segments are full before their time; what waits then is room on the disk.
const sealedIntervalMs = 100;
// The rest is for what is on its way.
const fullAt = 0.98;
// A repeated failure is one line a minute, not one an event.
const repeatLineMs = 60_000;
// Of bodies that are on their way to the log; more go through files.
const bodyMemoryBytes = 96 << 20;

/** Starts the service: lock, recovery, listener, timers. */
export async function startInferenceTable(
  config: InferenceTableConfig,
  logLine: LogLine,
): Promise<InferenceTable> {
  const { stateDirectory } = config;
  const lock = await lockDirectory(stateDirectory);
  const metrics = makeMetrics();
  const writer = await writerIdentity(stateDirectory);
  const log = await openSegmentLog({
    directory: join(stateDirectory, "log"),
    segmentBytes: config.segmentBytes,
    maxBytes: config.maxLogBytes,
  });
  const blobs = await openBlobFiles(join(stateDirectory, "blobs"), randomBytes(6).toString("hex"));
  const pressure = await watchPressure({
    directory: stateDirectory,
    maxBytes: config.maxLogBytes,
    // A segment's Parquet file needs room beside it, or nothing would ever leave a full disk.
    reserveBytes: 2 * config.segmentBytes,
    usedBytes: () => log.size().diskBytes + log.size().pendingBytes + blobs.bytes(),
  });
  await reportRecovery(log, blobs, metrics, logLine);
  const reportRepeated = oncePer(repeatLineMs, logLine);
  const lake = startLakeThread(
    {
      lake: config.lake,
      stateDirectory,
      blobDirectory: blobs.directory,
      writer,
      pairGraceMs: config.pairGraceMs,
      replica: config.replica,
      retention: config.retention,
      compactBytes: config.compactBytes,
      compactGraceMs: config.compactGraceMs,
    },
    {
      onRetry: (code) => metrics.storeRetries.inc({ code }),
      onPaired: (rows) => metrics.pairedRows.inc(rows),
    },
  );
  const commits = makeCommits({ log, blobs, lake, metrics }, config.commitIntervalMs);

  let stopping: Promise<void> | undefined;
  const isFull = () => pressure.share() >= fullAt;
  const server = makeIngestServer({
    log,
    blobs,
    metrics,
    redactor: config.redactor,
    ingestKey: config.ingestKey,
    intake: {
      blobs,
      memory: new MemoryBudget(bodyMemoryBytes),
      inlineBytes: config.inlineBytes,
      maxBodyBytes: config.maxBodyBytes,
      rung: () => rungAt(pressure.share()),
    },
    isFull,
    notReadyReason: () =>
      stopping !== undefined ? "draining" : isFull() ? "the disk is full" : undefined,
    onScrape: () => showPressure(metrics, log, blobs, pressure),
    onError: (error) => reportRepeated("ingest", `an event was refused: ${describeError(error)}`),
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });

  const stopCommits = repeat(Math.min(config.commitIntervalMs, sealedIntervalMs), async () => {
    await commits.commitDue(Date.now()).catch((error: unknown) => {
      metrics.commitFailures.inc();
      reportRepeated("commit", `events wait on disk, their commit failed: ${describeError(error)}`);
    });
  });
  const stopPairs = repeat(config.pairIntervalMs, async () => {
    if (config.isPairing) {
      await lake.pair(Date.now(), false).catch((error: unknown) => {
        metrics.pairFailures.inc();
        reportRepeated("pair", `pairing failed and is tried again: ${describeError(error)}`);
      });
    }
  });
  const stopTidying = repeat(config.tidyIntervalMs, async () => {
    // One of the replicas is enough.
    if (config.replica.ordinal === 0) {
      await lake.expire(Date.now()).then(
        (objects) => metrics.expiredObjects.inc(objects),
        (error: unknown) =>
          reportRepeated("expire", `old predictions aren't deleted: ${describeError(error)}`),
      );
    }
    if (config.isPairing) {
      await compact(lake, metrics, reportRepeated);
    }
  });

  async function stop(): Promise<void> {
    // A kept-alive connection that turns idle after close() would hold the drain until its
    // time-out.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearInterval(sweep);
    // A thread that has died merges nothing.
    await lake.stopCompacting().catch(() => undefined);
    await Promise.all([stopCommits(), stopPairs(), stopTidying()]);
    try {
      await log.close();
      await commits.commitSealed();
      if (config.isPairing) {
        // The events are in the lake, and whoever runs next pairs them.
        await lake.pair(Date.now(), true).catch((error: unknown) => {
          metrics.pairFailures.inc();
          logLine("error", `the open hour isn't paired: ${describeError(error)}`);
        });
      }
    } finally {
      pressure.stop();
      await lake.close();
      await lock.release();
    }
  }

  return {
    url: `http://${config.host}:${(server.address() as AddressInfo).port}`,
    drain: () => (stopping ??= stop()),
  };
}

async function compact(
  lake: LakeThread,
  metrics: InferenceTableMetrics,
  report: (kind: string, message: string) => void,
): Promise<void> {
  try {
    const { merged, failures } = await lake.compact(Date.now());
    metrics.compactedParts.inc(merged);
    metrics.compactionFailures.inc(failures.length);
    if (failures.length > 0) {
      report("compact", `events aren't merged, ${failures.length} hours: ${failures[0]}`);
    }
  } catch (error) {
    metrics.compactionFailures.inc();
    report("compact", `events aren't merged: ${describeError(error)}`);
  }
}

interface Commits {
  /** Commits every sealed segment, oldest first. Rejects when one can't be committed now. */
  commitSealed(): Promise<void>;
  /**
   * Commits what was sealed by its size, and, an interval after the last time, seals what is open
   * and commits that too. After a failure nothing is tried until then.
   */
  commitDue(now: number): Promise<void>;
}

function makeCommits(
  {
    log,
    blobs,
    lake,
    metrics,
  }: { log: SegmentLog; blobs: BlobFiles; lake: LakeThread; metrics: InferenceTableMetrics },
  intervalMs: number,
): Commits {
  let nextAt = Date.now() + intervalMs;
  let hasFailed = false;

  async function commitSealed(): Promise<void> {
    // Until all of it is done.
    hasFailed = true;
    for (const segment of log.sealed()) {
      const committed = await lake.commit(segment);
      await log.remove(segment);
      await Promise.all(committed.blobs.map((name) => blobs.remove(name)));
      metrics.committedEvents.inc(committed.events);
    }
    hasFailed = false;
  }

  return {
    commitSealed,
    async commitDue(now) {
      if (now >= nextAt) {
        nextAt = now + intervalMs;
        await log.seal();
        await commitSealed();
      } else if (!hasFailed) {
        await commitSealed();
      }
    },
  };
}

async function reportRecovery(
  log: SegmentLog,
  blobs: BlobFiles,
  metrics: InferenceTableMetrics,
  logLine: LogLine,
): Promise<void> {
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
  if (blobs.bytes() > 0) {
    const named = new Set<string>();
    for (const segment of log.sealed()) {
      for await (const { payload } of log.read(segment)) {
        const { blob } = decodeEvent(payload).event;
        if (blob !== undefined) {
          named.add(blob);
        }
      }
    }
    const removed = await blobs.removeOthers(named);
    logLine("info", `recovered ${named.size} large bodies; removed ${removed} that no event names`);
  }
}

function showPressure(
  metrics: InferenceTableMetrics,
  log: SegmentLog,
  blobs: BlobFiles,
  pressure: PressureGauge,
): void {
  metrics.logBytes.set(log.size().diskBytes + blobs.bytes());
  showRung(metrics, pressure.share(), rungAt(pressure.share()));
}
