import { promises as fs } from "node:fs";
import * as path from "node:path";
import {
  type Cell,
  inferenceEventsPartKey,
  inferenceEventsShape,
  type ObjectStore,
  type ParquetEngine,
  type SealedSegment,
  type SegmentLog,
  writeParquet,
} from "@mlplatform/lake";
import { eventRow } from "./eventRow";
import { decodeEvent } from "./inferenceEvent";

/** What the committer works with. */
export interface CommitterOptions {
  log: SegmentLog;
  store: ObjectStore;
  engine: ParquetEngine;
  writer: string;
  workDirectory: string;
  onCommitted: (events: number) => void;
  onFailure: (error: unknown) => void;
}

/** Moves sealed segments to the lake. */
export interface Committer {
  /** Commits every sealed segment, oldest first. Rejects when one can't be committed now. */
  commitSealed(): Promise<void>;
}

interface Partition {
  namespace: string;
  date: string;
  hour: number;
}

/**
 * The commit of a segment: one Parquet file a partition, named by writer and segment number, put, and only
 * then the segment is deleted. A crash anywhere repeats it with the same rows under the same keys.
 */
export function makeCommitter(options: CommitterOptions): Committer {
  const { log, store, engine, writer } = options;
  let running: Promise<void> | undefined;

  async function commitAll(): Promise<void> {
    for (const segment of log.sealed()) {
      await commitSegment(segment);
    }
  }

  async function commitSegment(segment: SealedSegment): Promise<void> {
    const partitions = new Map<string, Partition>();
    for await (const { payload } of log.read(segment)) {
      const partition = partitionOf(payload);
      partitions.set(partitionId(partition), partition);
    }
    for (const [id, partition] of [...partitions].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await commitPartition(segment, id, partition);
    }
    await log.remove(segment);
    options.onCommitted(segment.records);
  }

  async function commitPartition(
    segment: SealedSegment,
    id: string,
    partition: Partition,
  ): Promise<void> {
    const { sequence } = segment;
    const file = path.join(options.workDirectory, `events-${sequence}.parquet`);
    try {
      await writeParquet(engine, inferenceEventsShape, rowsOf(segment, id), file);
      await store.putFile(inferenceEventsPartKey({ ...partition, writer, sequence }), file);
    } finally {
      await fs.rm(file, { force: true });
    }
  }

  async function* rowsOf(segment: SealedSegment, id: string): AsyncGenerator<Cell[]> {
    for await (const { payload, offset } of log.read(segment)) {
      const { event, body } = decodeEvent(payload);
      if (partitionId(partitionOf(payload)) === id) {
        yield eventRow(event, body, { writer, sequence: segment.sequence, frame: offset });
      }
    }
  }

  return {
    commitSealed() {
      // One commit at a time; a caller that finds one running waits for it and then sees to the rest.
      const next = (running ?? Promise.resolve()).catch(() => undefined).then(commitAll);
      running = next;
      next.catch(options.onFailure);
      return next;
    },
  };
}

function partitionOf(payload: Buffer): Partition {
  const { event } = decodeEvent(payload);
  const received = new Date(event.receivedAt);
  return {
    namespace: event.namespace,
    date: received.toISOString().slice(0, 10),
    hour: received.getUTCHours(),
  };
}

function partitionId({ namespace, date, hour }: Partition): string {
  return JSON.stringify([namespace, date, hour]);
}
