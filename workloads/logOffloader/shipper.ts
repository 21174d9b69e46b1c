import { promises as fs } from "node:fs";
import * as path from "node:path";
import {
  type Cell,
  type ObjectStore,
  type ParquetEngine,
  rayLogPartKey,
  rayLogShape,
  type SealedSegment,
  type SegmentLog,
  writeParquet,
} from "@mlplatform/lake";
import type { LogOrigin } from "./config";
import { countLines, decodeChunk, type LogChunk } from "./logChunk";
import { chunkRows } from "./logRow";

/** A chunk whose rows are in the lake. */
export interface ShippedChunk {
  chunk: LogChunk;
  /** Offset after its last byte. */
  end: number;
  /** Newlines in it. */
  lines: number;
}

/** What the shipper works with. */
export interface ShipperOptions {
  log: SegmentLog;
  store: ObjectStore;
  engine: ParquetEngine;
  origin: LogOrigin;
  writer: string;
  workDirectory: string;
  /** Awaited before the first part of this run: the node's OPEN manifest. */
  open: () => Promise<void>;
  /** Called when the part is in the lake and before its segment is removed: moves the checkpoint. */
  onShipped: (chunks: ShippedChunk[]) => Promise<void>;
}

/** Moves sealed segments to the lake. */
export interface Shipper {
  /** Ships every sealed segment, oldest first. Rejects when one can't be shipped now. */
  shipSealed(): Promise<void>;
}

/**
 * The commit of a segment: one Parquet file named by writer and segment number, put; the checkpoint moves;
 * the segment is deleted. A crash anywhere repeats it with the same bytes under the same key.
 */
export function makeShipper(options: ShipperOptions): Shipper {
  const { log, store, engine, origin, writer } = options;
  let running: Promise<void> = Promise.resolve();

  async function shipAll(): Promise<void> {
    for (const segment of log.sealed()) {
      await options.open();
      await shipSegment(segment);
    }
  }

  async function shipSegment(segment: SealedSegment): Promise<void> {
    const { sequence } = segment;
    const chunks: ShippedChunk[] = [];
    async function* rows(): AsyncGenerator<Cell[]> {
      for await (const { payload } of log.read(segment)) {
        const { chunk, bytes } = decodeChunk(payload);
        chunks.push({ chunk, end: chunk.start + bytes.length, lines: countLines(bytes) });
        yield* chunkRows(origin, chunk, bytes);
      }
    }
    const file = path.join(options.workDirectory, `raylogs-${sequence}.parquet`);
    try {
      await writeParquet(engine, rayLogShape, rows(), file);
      const date = new Date(chunks[0]!.chunk.readAt).toISOString().slice(0, 10);
      const { namespace, cluster } = origin;
      await store.putFile(rayLogPartKey({ namespace, cluster, date, writer, sequence }), file);
    } finally {
      await fs.rm(file, { force: true });
    }
    await options.onShipped(chunks);
    await log.remove(segment);
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
