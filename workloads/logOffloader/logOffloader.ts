import { promises as fs } from "node:fs";
import * as path from "node:path";
import {
  describeError,
  lockDirectory,
  type LogLine,
  type ManifestFile,
  ManifestStatus,
  oncePer,
  openObjectStore,
  openParquetEngine,
  openSegmentLog,
  putRayLogManifest,
  type RayLogManifest,
  removeTemporaryFiles,
  repeat,
  SegmentLogFullError,
  writerIdentity,
} from "@mlplatform/lake";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint";
import type { LogOffloaderConfig } from "./config";
import { makeMetrics } from "./metrics";
import { recoverFiles } from "./recoverFiles";
import { makeShipper, type ShippedChunk } from "./shipper";
import { makeTailer } from "./tailer";
import { sha256OfRead, type TrackedFile } from "./trackedFile";

/** A running offloader. */
export interface LogOffloader {
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Reads to the end of every file, ships all, and writes the final manifest. Rejects when the lake didn't take it. */
  drain(): Promise<void>;
}

// At most 16 chunks of 1 MiB are on their way to the disk at once.
const PENDING_BYTES = 64 << 20;
// A repeated failure is one line a minute.
const REPEAT_LINE_MS = 60_000;

/** Starts the offloader: lock, recovery, polling, shipping. */
export async function startLogOffloader(
  config: LogOffloaderConfig,
  logLine: LogLine,
): Promise<LogOffloader> {
  const { origin, stateDirectory } = config;
  const lock = await lockDirectory(stateDirectory);
  const metrics = makeMetrics();
  const store = openObjectStore(config.lake);
  const workDirectory = path.join(stateDirectory, "work");
  await fs.mkdir(workDirectory, { recursive: true, mode: 0o700 });
  await removeTemporaryFiles(workDirectory);
  const writer = await writerIdentity(stateDirectory);
  const log = await openSegmentLog({
    directory: path.join(stateDirectory, "log"),
    segmentBytes: config.shipBytes,
    maxBytes: config.maxLogBytes,
    maxPendingBytes: PENDING_BYTES,
  });
  const earlier = await readCheckpoint(stateDirectory, origin);
  const checkpoint: Checkpoint = earlier ?? {
    version: 1,
    origin,
    openedAt: new Date().toISOString(),
    files: [],
  };
  const engine = await openParquetEngine({
    temporaryDirectory: path.join(workDirectory, "spill"),
    // The sidecar shares its pod with training: a part is 8 MiB of text, and this holds it with room.
    memoryMiB: 128,
  });
  const report = oncePer(REPEAT_LINE_MS, logLine);
  const tailer = makeTailer({
    log,
    rayDirectory: config.rayDirectory,
    partialLineMs: config.shipIntervalMs,
    files: await recoverFiles(earlier, log),
    onRead: (bytes) => metrics.readBytes.inc(bytes),
    onFileError: (file, error) => {
      if (error instanceof SegmentLogFullError) {
        metrics.pauses.inc();
        report("full", `reading pauses until the lake takes what waits: ${error.message}`);
      } else {
        metrics.fileErrors.inc();
        report("file", `${file} could not be read and is tried again: ${describeError(error)}`);
      }
    },
  });

  const manifest = (status: ManifestStatus, files: ManifestFile[]): RayLogManifest => ({
    version: 1,
    status,
    ...origin,
    writer,
    openedAt: checkpoint.openedAt,
    finalAt: status === ManifestStatus.Final ? new Date().toISOString() : null,
    files,
  });
  let opened: Promise<void> | undefined;
  const open = () => {
    opened ??= putRayLogManifest(store, manifest(ManifestStatus.Open, []));
    opened.catch(() => (opened = undefined));
    return opened;
  };

  async function moveCheckpoint(chunks: ShippedChunk[]) {
    const files = new Map(checkpoint.files.map((file) => [file.facts.uid, file]));
    for (const { chunk, end, lines } of chunks) {
      const before = files.get(chunk.facts.uid)?.committed ?? 0;
      if (end > before) {
        metrics.committedBytes.inc(end - Math.max(before, chunk.start));
        const line = chunk.line + lines;
        const { facts } = chunk;
        const readSha256 = chunk.sha256;
        const place = { committed: end, line, readSha256 };
        files.set(facts.uid, { facts, ...place, sha256: null, isRemoved: false });
      }
    }
    for (const { facts, position, isRemoved, finalSha256 } of tailer.files()) {
      const file = files.get(facts.uid);
      if (file !== undefined) {
        file.facts = { ...facts };
        file.isRemoved = isRemoved && position === file.committed;
        file.sha256 = file.isRemoved ? finalSha256 : null;
      }
    }
    checkpoint.files = [...files.values()];
    await writeCheckpoint(stateDirectory, checkpoint);
  }

  const shipper = makeShipper({
    log,
    store,
    engine,
    origin,
    writer,
    workDirectory,
    open,
    onShipped: moveCheckpoint,
  });
  // A node that dies before its first byte is missing by name, too.
  open().catch((error: unknown) =>
    report("ship", `the lake can't be reached and is tried again: ${describeError(error)}`),
  );

  const stopPolls = repeat(config.pollIntervalMs, async () => {
    await tailer.poll(false).catch((error: unknown) => {
      metrics.fileErrors.inc();
      report("scan", `${config.rayDirectory} could not be listed: ${describeError(error)}`);
    });
    metrics.files.set(tailer.files().length);
    metrics.waitingBytes.set(waitingBytes(tailer.files(), checkpoint));
  });
  let lastSeal = Date.now();
  const stopShipping = repeat(config.pollIntervalMs, async () => {
    if (Date.now() - lastSeal >= config.shipIntervalMs) {
      lastSeal = Date.now();
      await log.seal();
    }
    await shipper.shipSealed().catch((error: unknown) => {
      metrics.shipFailures.inc();
      report("ship", `log lines wait on disk, their shipment failed: ${describeError(error)}`);
    });
  });

  async function readToEnd(): Promise<void> {
    const until = Date.now() + config.drainMs;
    // Ray's last writes and our last look can cross: the end is two looks without growth.
    for (let quiet = 0; quiet < 2 && Date.now() < until;) {
      const bytes = await tailer.poll(true);
      quiet = bytes === 0 ? quiet + 1 : 0;
      if (log.size().diskBytes >= config.maxLogBytes / 2) {
        await log.seal();
        await shipper.shipSealed();
      }
    }
  }

  async function stop(): Promise<void> {
    await stopPolls();
    await stopShipping();
    try {
      await readToEnd();
      await log.close();
      await open();
      await shipper.shipSealed();
      const files = await Promise.all(tailer.files().map((file) => manifestFile(file, checkpoint)));
      await putRayLogManifest(store, manifest(ManifestStatus.Final, files));
      await writeCheckpoint(stateDirectory, checkpoint);
    } finally {
      await tailer.close();
      engine.close();
      store.close();
      await lock.release();
    }
  }

  let stopping: Promise<void> | undefined;
  return { metrics: () => metrics.registry.metrics(), drain: () => (stopping ??= stop()) };
}

function waitingBytes(files: TrackedFile[], checkpoint: Checkpoint): number {
  const committed = new Map(checkpoint.files.map((file) => [file.facts.uid, file.committed]));
  return files.reduce((sum, { facts, size }) => sum + size - (committed.get(facts.uid) ?? 0), 0);
}

async function manifestFile(file: TrackedFile, checkpoint: Checkpoint): Promise<ManifestFile> {
  const { uid, names, session, file: name } = file.facts;
  const committed = checkpoint.files.find(({ facts }) => facts.uid === uid)?.committed ?? 0;
  const sha256 = committed === file.position ? await sha256OfRead(file) : null;
  const reason =
    committed === file.position
      ? "the file was gone before it could be read again after a restart"
      : "bytes that were read are not in the lake";
  return {
    uid,
    file: name,
    names,
    session,
    size: Math.max(file.size, file.position),
    bytesCommitted: committed,
    sha256,
    ...(sha256 === null ? { sha256Reason: reason } : {}),
    isRemoved: file.isRemoved,
  };
}
