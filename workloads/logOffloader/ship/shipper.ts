import {
  encodeRayLogPart,
  type RayLogBytes,
  type RayLogOrigin,
} from "@mlplatform/lake/rayLogs/rayLogPart";
import type { SealedSegment } from "@mlplatform/lake/segmentLog/segmentFile";
import type { SegmentLog } from "@mlplatform/lake/segmentLog/segmentLog";
import { failpoint } from "@mlplatform/lake/segmentLog/failpoint";
import type { ObjectStore } from "@mlplatform/lake/store/objectStore";
import { rayLogPartKey } from "@mlplatform/lake/tables/rayLogKeys";
import { decodeChunk, type LogChunk } from "../state/logChunk";

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
  origin: RayLogOrigin;
  /** Known once `open` has resolved. */
  writer: () => string;
  /** Awaited before the first part of this run: the node's OPEN manifest. */
  open: () => Promise<void>;
  /**
   * Called when parts are in the lake and before their segments are removed: moves the checkpoint.
   */
  onShipped: (chunks: ShippedChunk[]) => Promise<void>;
}

/** Moves sealed segments to the lake. */
export interface Shipper {
  /** Ships every sealed segment, oldest first. Rejects when one can't be shipped now. */
  shipSealed(): Promise<void>;
}

interface Part {
  segment: SealedSegment;
  chunks: ShippedChunk[];
}

// While one part is compressed or put, the lines of the next are split.
const partsAtOnce = 2;
// A checkpoint names every file: moving it for each of many parts a second would cost more than the
// parts.
const checkpointIntervalMs = 1_000;

/**
 * The commit of a segment: one Parquet file named by writer and segment number, put; the checkpoint
 * moves; the segment is deleted. A crash anywhere repeats it with the same bytes under the same
 * key.
 */
export function makeShipper(options: ShipperOptions): Shipper {
  const { log, store, origin } = options;
  let running: Promise<void> = Promise.resolve();

  async function shipAll(): Promise<void> {
    const segments = log.sealed();
    if (segments.length === 0) {
      return;
    }
    await options.open();
    const underWay: Promise<Part>[] = [];
    const startNext = () => {
      const segment = segments.shift();
      if (segment !== undefined) {
        underWay.push(putPart(segment));
      }
    };
    for (let part = 0; part < partsAtOnce; part++) {
      startNext();
    }
    const put: Part[] = [];
    let movedAt = performance.now();
    let failure: unknown;
    try {
      for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) {
        put.push(await next);
        startNext();
        if (performance.now() - movedAt >= checkpointIntervalMs) {
          await commit(put.splice(0));
          movedAt = performance.now();
        }
      }
    } catch (error) {
      failure = error;
      await Promise.allSettled(underWay);
    }
    // What was put before the failure needn't be put again.
    await commit(put);
    if (failure !== undefined) {
      throw failure;
    }
  }

  async function putPart(segment: SealedSegment): Promise<Part> {
    const { sequence } = segment;
    const chunks: ShippedChunk[] = [];
    const runs: RayLogBytes[] = [];
    for await (const { payload } of log.read(segment)) {
      const { chunk, bytes } = decodeChunk(payload);
      const { uid, session, file } = chunk.facts;
      chunks.push({ chunk, end: chunk.start + bytes.length });
      const { start, line, lines } = chunk;
      runs.push({ uid, session, file, start, line, lines, bytes });
    }
    const body = await encodeRayLogPart(origin, runs);
    failpoint("logs.encoded");
    const date = new Date(chunks[0]!.chunk.readAt).toISOString().slice(0, 10);
    const { namespace, cluster } = origin;
    const key = rayLogPartKey({ namespace, cluster, date, writer: options.writer(), sequence });
    await store.put(key, body);
    failpoint("logs.put");
    return { segment, chunks };
  }

  async function commit(parts: readonly Part[]): Promise<void> {
    if (parts.length > 0) {
      await options.onShipped(parts.flatMap(({ chunks }) => chunks));
      failpoint("logs.checkpoint");
      for (const { segment } of parts) {
        await log.remove(segment);
        failpoint("logs.removed");
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
