import { promises as fs } from "node:fs";
import * as path from "node:path";
import {
  type ObjectStore,
  type ParquetEngine,
  type RayLogBytes,
  type RayLogOrigin,
  rayLogPartKey,
  type SealedSegment,
  type SegmentLog,
  writeRayLogPart,
} from "@mlplatform/lake";
import { CommitStep } from "./commitStep";
import { decodeChunk, type LogChunk } from "./logChunk";

/** A chunk whose rows are in the lake. */
export interface ShippedChunk {
  chunk: LogChunk;
  /** Offset after its last byte. */
  end: number;
}

/** What the shipper works with. */
export interface ShipperOptions {
  log: SegmentLog;
  store: ObjectStore;
  /** Parts are written by these side by side, one each. */
  engines: readonly ParquetEngine[];
  origin: RayLogOrigin;
  writer: string;
  workDirectory: string;
  /** Awaited before the first part of this run: the node's OPEN manifest. */
  open: () => Promise<void>;
  /** Called when parts are in the lake and before their segments are removed: moves the checkpoint. */
  onShipped: (chunks: ShippedChunk[]) => Promise<void>;
  onStep: (step: CommitStep) => void;
}

/** Moves sealed segments to the lake. */
export interface Shipper {
  /** Ships every sealed segment, oldest first. Rejects when one can't be shipped now. */
  shipSealed(): Promise<void>;
}

interface Part {
  segment: SealedSegment;
  key: string;
  file: string;
  chunks: ShippedChunk[];
}

// A checkpoint names every file: moving it for each of many parts a second would cost more than the parts.
const CHECKPOINT_INTERVAL_MS = 1_000;

/**
 * The commit of a segment: one Parquet file named by writer and segment number, put; the checkpoint moves;
 * the segment is deleted. A crash anywhere repeats it with the same bytes under the same key. While one
 * part is put the next ones are written.
 */
export function makeShipper(options: ShipperOptions): Shipper {
  const { log, store, engines, origin, writer, onStep } = options;
  let running: Promise<void> = Promise.resolve();

  async function shipAll(): Promise<void> {
    const segments = log.sealed();
    if (segments.length === 0) {
      return;
    }
    await options.open();
    const writing: Promise<Part>[] = [];
    const idle = engines.map((engine) => ({ engine, free: Promise.resolve() as Promise<unknown> }));
    const writeNext = () => {
      const segment = segments.shift();
      if (segment !== undefined) {
        const writerOf = idle.shift()!;
        const part = writerOf.free.then(() => writePart(writerOf.engine, segment));
        writerOf.free = part.catch(() => undefined);
        idle.push(writerOf);
        writing.push(part);
      }
    };
    engines.forEach(writeNext);
    const put: Part[] = [];
    let movedAt = Date.now();
    let failure: unknown;
    try {
      for (let next = writing.shift(); next !== undefined; next = writing.shift()) {
        const part = await next;
        writeNext();
        await store.putFile(part.key, part.file).finally(() => removeFile(part));
        onStep(CommitStep.PartPut);
        put.push(part);
        if (Date.now() - movedAt >= CHECKPOINT_INTERVAL_MS) {
          await commit(put.splice(0));
          movedAt = Date.now();
        }
      }
    } catch (error) {
      failure = error;
      const left = await Promise.allSettled(writing);
      await Promise.all(
        left.map((each) => (each.status === "fulfilled" ? removeFile(each.value) : undefined)),
      );
    }
    // What was put before the failure needn't be put again.
    await commit(put);
    if (failure !== undefined) {
      throw failure;
    }
  }

  async function writePart(engine: ParquetEngine, segment: SealedSegment): Promise<Part> {
    const { sequence } = segment;
    const chunks: ShippedChunk[] = [];
    const runs: RayLogBytes[] = [];
    for await (const { payload } of log.read(segment)) {
      const { chunk, bytes } = decodeChunk(payload);
      const { uid, session, file } = chunk.facts;
      chunks.push({ chunk, end: chunk.start + bytes.length });
      runs.push({ uid, session, file, start: chunk.start, line: chunk.line, bytes });
    }
    const file = path.join(options.workDirectory, `raylogs-${sequence}.parquet`);
    await writeRayLogPart(engine, origin, runs, file);
    onStep(CommitStep.PartWritten);
    const date = new Date(chunks[0]!.chunk.readAt).toISOString().slice(0, 10);
    const { namespace, cluster } = origin;
    const key = rayLogPartKey({ namespace, cluster, date, writer, sequence });
    return { segment, key, file, chunks };
  }

  async function commit(parts: readonly Part[]): Promise<void> {
    if (parts.length > 0) {
      await options.onShipped(parts.flatMap(({ chunks }) => chunks));
      onStep(CommitStep.CheckpointMoved);
      for (const { segment } of parts) {
        await log.remove(segment);
        onStep(CommitStep.SegmentRemoved);
      }
    }
  }

  return {
    shipSealed() {
      const next = running.then(shipAll);
      // One at a time: whoever comes second sees to what the first one left.
      running = next.catch(() => undefined);
      return next;
    },
  };
}

function removeFile({ file }: Part): Promise<void> {
  return fs.rm(file, { force: true });
}
