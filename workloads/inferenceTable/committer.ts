import { promises as fs } from "node:fs";
import * as path from "node:path";
import {
  copyToParquet,
  createRowTable,
  failpoint,
  inferenceBlobKey,
  inferenceEventsPartKey,
  inferenceEventsShape,
  type ObjectStore,
  openRowAppender,
  type ParquetEngine,
  readSegment,
  type RowAppender,
  type SealedSegment,
} from "@mlplatform/lake";
import { eventRow } from "./eventRow";
import { decodeEvent, type InferenceEvent } from "./inferenceEvent";

/** What the committer works with. */
export interface CommitterOptions {
  store: ObjectStore;
  engine: ParquetEngine;
  writer: string;
  workDirectory: string;
  blobDirectory: string;
}

/** What a commit brought to the lake. */
export interface CommittedSegment {
  events: number;
  /** Files of bodies that are objects now. */
  blobs: string[];
  /** Hours that got events, by namespace and start in milliseconds. */
  hours: { namespace: string; start: number }[];
}

/** Brings sealed segments to the lake. */
export interface Committer {
  /** Rejects when a segment can't be committed now; then it is to be tried again, whole. */
  commit(segment: SealedSegment): Promise<CommittedSegment>;
}

interface Partition {
  namespace: string;
  date: string;
  hour: number;
}

interface PartitionTable {
  partition: Partition;
  table: string;
  appender: RowAppender;
}

// Speed of writing is what bounds the ingest; the paired table, which stays, is compressed harder.
const LAYOUT = "COMPRESSION_LEVEL 1";
const HOUR_MS = 3_600_000;

/**
 * The commit of a segment: one Parquet file a partition, named by writer and segment number, put, and only
 * then may the segment be deleted. A crash anywhere repeats it with the same rows under the same keys.
 */
export function makeCommitter(options: CommitterOptions): Committer {
  const { store, engine, writer } = options;

  async function putBlob(event: InferenceEvent, partition: Partition): Promise<string | undefined> {
    if (event.blob === undefined) {
      return undefined;
    }
    const key = inferenceBlobKey(partition, writer, event.blob);
    await store.putFile(key, path.join(options.blobDirectory, event.blob));
    failpoint("commit.blobPut");
    return key;
  }

  async function putTable({ partition, table, appender }: PartitionTable, sequence: number) {
    const file = path.join(options.workDirectory, `.events-${sequence}.tmp`);
    try {
      appender.finish();
      // Frames come in the order of the key, and one thread keeps it: the same segment gives the same file.
      await copyToParquet(engine, `SELECT * FROM ${table}`, file, LAYOUT);
      failpoint("commit.written");
      await store.putFile(inferenceEventsPartKey({ ...partition, writer, sequence }), file);
      failpoint("commit.put");
    } finally {
      await fs.rm(file, { force: true });
    }
  }

  return {
    async commit(segment) {
      const { sequence } = segment;
      const tables = new Map<string, PartitionTable>();
      const blobs: string[] = [];
      let events = 0;
      try {
        for await (const { payload, offset } of readSegment(segment.file)) {
          const { event, body } = decodeEvent(payload);
          const id = partitionId(event);
          let target = tables.get(id);
          if (target === undefined) {
            const table = await createRowTable(engine, inferenceEventsShape);
            const appender = await openRowAppender(engine, table, inferenceEventsShape);
            target = { partition: partitionOf(event), table, appender };
            tables.set(id, target);
          }
          const bodyObject = await putBlob(event, target.partition);
          target.appender.push(
            eventRow(event, body, { writer, sequence, frame: offset, bodyObject }),
          );
          events += 1;
          if (event.blob !== undefined) {
            blobs.push(event.blob);
          }
        }
        for (const [, table] of [...tables].sort(([a], [b]) => (a < b ? -1 : 1))) {
          await putTable(table, sequence);
        }
        const hours = [...tables.values()].map(({ partition }) => ({
          namespace: partition.namespace,
          start: Date.parse(`${partition.date}T00:00:00Z`) + partition.hour * HOUR_MS,
        }));
        return { events, blobs, hours };
      } finally {
        for (const { table, appender } of tables.values()) {
          appender.close();
          await engine.connection.run(`DROP TABLE ${table}`);
        }
      }
    },
  };
}

function partitionOf({ namespace, receivedAt }: InferenceEvent): Partition {
  const received = new Date(receivedAt);
  return {
    namespace,
    date: received.toISOString().slice(0, 10),
    hour: received.getUTCHours(),
  };
}

function partitionId({ namespace, receivedAt }: InferenceEvent): string {
  return `${Math.floor(receivedAt / HOUR_MS)}/${namespace}`;
}
