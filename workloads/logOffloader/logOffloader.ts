import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  getRayLogManifest,
  ManifestStatus,
  putRayLogManifest,
} from "@mlplatform/lake/rayLogs/rayLogManifest";
import { repeatingWriter } from "@mlplatform/lake/rayLogs/rayLogParts";
import { removeTemporaryFiles } from "@mlplatform/lake/segmentLog/durableFile";
import { lockDirectory } from "@mlplatform/lake/segmentLog/instanceLock";
import { openSegmentLog, SegmentLogFullError } from "@mlplatform/lake/segmentLog/segmentLog";
import { writerIdentity } from "@mlplatform/lake/segmentLog/writerIdentity";
import { failpoint } from "@mlplatform/lake/segmentLog/failpoint";
import { describeError, type LogLine, oncePer } from "@mlplatform/lake/service/logLine";
import { repeat } from "@mlplatform/lake/service/repeat";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import { ObjectMissingError } from "@mlplatform/lake/store/storeErrors";
import { UnreadableObjectError } from "@mlplatform/lake/store/unreadableObject";
import { readCheckpoint } from "./state/checkpoint";
import type { LogOffloaderConfig } from "./config";
import { isDiskFull, makeDiskReserve } from "./ship/diskReserve";
import { makeLagMeter } from "./follow/lagMeter";
import { makeMetrics } from "./metrics";
import { makeProgress } from "./ship/progress";
import { recoverFiles } from "./follow/recoverFiles";
import { makeBackoff } from "./ship/backoff";
import { makeShipper } from "./ship/shipper";
import { makeTailer } from "./follow/tailer";

/** A running offloader. */
export interface LogOffloader {
  /** Prometheus text. */
  metrics(): Promise<string>;
  /**
   * Reads to the end of every file, ships all, and writes the final manifest. Rejects when the lake
   * didn't take it.
   */
  drain(): Promise<void>;
}

// At most 16 chunks of 1 MiB are on their way to the disk at once.
const pendingBytes = 32 << 20;
// A repeated failure is one line a minute.
const repeatLineMs = 60_000;
// A node that hasn't said so for ten of these is taken for dead (`listRayLogClusters`).
const seenIntervalMs = 60_000;
const busyBytes = 4 << 20;
// Between two looks of the drain that find nothing.
const quietMs = 20;

/** Starts the offloader: lock, recovery, polling, shipping. */
export async function startLogOffloader(
  config: LogOffloaderConfig,
  logLine: LogLine,
): Promise<LogOffloader> {
  const { origin, stateDirectory } = config;
  const lock = await lockDirectory(stateDirectory);
  const metrics = makeMetrics();
  const lag = makeLagMeter();
  const report = oncePer(repeatLineMs, logLine);
  const store = openObjectStore({
    ...config.lake,
    onRetry(what, code) {
      metrics.storeRetries.inc({ code });
      report("retry", `the lake is asked again: ${what}: ${code}`);
    },
  });
  await removeTemporaryFiles(stateDirectory);
  const reserve = makeDiskReserve(stateDirectory);
  const { checkpoint: earlier, damaged } = await readCheckpoint(stateDirectory, origin);
  const identity = await writerIdentity(stateDirectory);
  if (damaged !== undefined) {
    logLine(
      "error",
      `the checkpoint is damaged and was moved to ${damaged}: all is read once more`,
    );
  }
  const log = await openSegmentLog({
    directory: join(stateDirectory, "log"),
    segmentBytes: config.shipBytes,
    maxBytes: config.maxLogBytes,
    maxPendingBytes: pendingBytes,
    // Ray doesn't sync its files either: what ends the machine ends both.
    syncsRecords: false,
  });
  const recovered = await recoverFiles(earlier, log);
  const uidSalt = damaged === undefined ? earlier?.uidSalt : extname(damaged);
  const tailer = makeTailer({
    log,
    rayDirectory: config.rayDirectory,
    partialLineMs: config.shipIntervalMs,
    files: recovered,
    uidSalt,
    onRead(bytes) {
      metrics.readBytes.inc(bytes);
      lag.read(bytes, performance.now());
      failpoint("logs.read");
    },
    onFileError(file, error) {
      if (error instanceof SegmentLogFullError) {
        metrics.pauses.inc();
        report("full", `reading pauses until the lake takes what waits: ${error.message}`);
      } else {
        metrics.fileErrors.inc();
        report("file", `${file} could not be read and is tried again: ${describeError(error)}`);
      }
    },
  });
  const progress = makeProgress({
    stateDirectory,
    origin,
    writer: identity,
    uidSalt,
    earlier,
    tailer,
  });

  // Its name among the writers says where the state before was lost: then rows can repeat.
  async function putOpen(): Promise<void> {
    const before = await getRayLogManifest(store, origin).catch((error: unknown) => {
      if (error instanceof ObjectMissingError) {
        return undefined;
      }
      if (error instanceof UnreadableObjectError) {
        // Whoever wrote it, this node's earlier writer isn't known any more.
        return { writer: "" };
      }
      throw error;
    });
    if (before !== undefined && before.writer !== identity) {
      progress.writer = repeatingWriter + identity;
    }
    await putRayLogManifest(store, progress.manifest(ManifestStatus.Open, []));
  }

  let opened: Promise<void> | undefined;
  const open = () => {
    opened ??= putOpen();
    opened.catch(() => (opened = undefined));
    return opened;
  };
  const shipper = makeShipper({
    log,
    store,
    origin,
    writer: () => progress.writer,
    open,
    async onShipped(chunks) {
      const bytes = await progress.move(chunks);
      metrics.committedBytes.inc(bytes);
      lag.committed(chunks.reduce((sum, { chunk, end }) => sum + end - chunk.start, 0));
      const now = Date.now();
      chunks.forEach(({ chunk }) =>
        metrics.freshness.observe(Math.max(0, now - chunk.readAt) / 1000),
      );
    },
  });
  // A node that dies before its first byte is missing by name, too.
  open().catch((error: unknown) =>
    report("ship", `the lake can't be reached and is tried again: ${describeError(error)}`),
  );

  const stopPolls = repeat(config.pollIntervalMs, async () => {
    try {
      // What filled a look has more behind it.
      return (await tailer.poll(false)) >= busyBytes;
    } catch (error) {
      metrics.fileErrors.inc();
      report("scan", `${config.rayDirectory} could not be listed: ${describeError(error)}`);
      return false;
    }
  });
  let lastSeal = performance.now();
  const backoff = makeBackoff();
  const stopShipping = repeat(config.pollIntervalMs, async () => {
    try {
      await reserve.take();
      if (performance.now() - lastSeal >= config.shipIntervalMs) {
        lastSeal = performance.now();
        await log.seal();
      }
      if (!backoff.isOver()) {
        return false;
      }
      await shipper.shipSealed();
      backoff.succeeded();
      return log.sealed().length > 0;
    } catch (error) {
      backoff.failed();
      metrics.shipFailures.inc();
      if (isDiskFull(error)) {
        await reserve.giveUp();
      }
      report("ship", `log lines wait on disk, their shipment failed: ${describeError(error)}`);
      return false;
    }
  });
  const stopSeen = repeat(seenIntervalMs, async () => {
    await open()
      .then(() => putRayLogManifest(store, progress.manifest(ManifestStatus.Open, [])))
      .catch((error: unknown) =>
        report("seen", `could not say that it lives: ${describeError(error)}`),
      );
  });

  async function readToEnd(): Promise<void> {
    const until = performance.now() + config.drainMs;
    // Ray's last writes and our last look can cross: the end is two looks without growth.
    for (let quiet = 0; quiet < 2 && performance.now() < until;) {
      const bytes = await tailer.poll(true);
      quiet = bytes === 0 && !progress.isBehind() ? quiet + 1 : 0;
      if (log.size().diskBytes >= config.maxLogBytes / 2) {
        await log.seal();
        await shipper.shipSealed();
      }
      if (bytes === 0) {
        await sleep(quietMs);
      }
    }
  }

  async function stop(): Promise<void> {
    await stopSeen();
    await stopPolls();
    await stopShipping();
    try {
      await reserve.giveUp();
      await readToEnd();
      await log.close();
      await open();
      await shipper.shipSealed();
      await putRayLogManifest(
        store,
        progress.manifest(ManifestStatus.Final, await progress.manifestFiles()),
      );
      failpoint("logs.manifest");
      await progress.save();
    } finally {
      await tailer.close();
      store.close();
      await lock.release();
    }
  }

  async function metricsText(): Promise<string> {
    metrics.files.set(tailer.files().length);
    metrics.waitingBytes.set(progress.waitingBytes());
    metrics.lagSeconds.set(lag.lagMs(performance.now()) / 1000);
    metrics.diskBytes.set(log.size().diskBytes);
    metrics.diskMaxBytes.set(config.maxLogBytes);
    return metrics.registry.metrics();
  }

  let stopping: Promise<void> | undefined;
  return { metrics: metricsText, drain: () => (stopping ??= stop()) };
}
