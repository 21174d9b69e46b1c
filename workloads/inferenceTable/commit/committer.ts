import { join } from "node:path";
import { hourStart, partitionOf } from "@mlplatform/lake/inferences/inferenceHours";
import {
  readSegmentRecords,
  segmentWindowBytes,
  type SealedSegment,
} from "@mlplatform/lake/segmentLog/segmentFile";
import { failpoint } from "@mlplatform/lake/segmentLog/failpoint";
import type { ObjectStore } from "@mlplatform/lake/store/objectStore";
import {
  inferenceBlobKey,
  inferenceEventsPartKey,
  type InferencePartition,
} from "@mlplatform/lake/tables/inferenceKeys";
import { type EventPart, makeEventPart } from "./eventPart";
import { type EventFrame, readFrame } from "../intake/inferenceEvent";

/** What the committer works with. */
export interface CommitterOptions {
  store: ObjectStore;
  writer: string;
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

interface PartitionPart {
  partition: InferencePartition;
  part: EventPart;
}

const hourMs = 3_600_000;

/**
 * The commit of a segment: one Parquet file a partition, named by writer and segment number, put,
 * and only then may the segment be deleted. A crash anywhere repeats it with the same rows under
 * the same keys.
 */
export function makeCommitter(options: CommitterOptions): Committer {
  const { store, writer } = options;
  const room = Buffer.allocUnsafe(segmentWindowBytes);

  async function putBlob(name: string, partition: InferencePartition): Promise<string> {
    const key = inferenceBlobKey(partition, writer, name);
    await store.putFile(key, join(options.blobDirectory, name));
    failpoint("commit.blobPut");
    return key;
  }

  async function putPart({ partition, part }: PartitionPart, sequence: number): Promise<void> {
    const bytes = await part.finish();
    failpoint("commit.written");
    await store.put(inferenceEventsPartKey({ ...partition, writer, sequence }), bytes);
    failpoint("commit.put");
  }

  return {
    async commit(segment) {
      const { sequence } = segment;
      const parts = new Map<string, PartitionPart>();
      const blobs: string[] = [];
      let events = 0;
      for await (const records of readSegmentRecords(segment.file, undefined, room)) {
        for (const { payload, offset } of records) {
          const frame = readFrame(payload);
          const { blob } = frame.context;
          const target = partOf(parts, frame, { writer, sequence });
          const bodyObject = blob && (await putBlob(blob, target.partition));
          target.part.push(frame, { frame: offset, bodyObject });
          if (target.part.isGroupFull()) {
            await target.part.endGroup();
          }
          events += 1;
          if (blob !== undefined) {
            blobs.push(blob);
          }
        }
      }
      for (const [, part] of [...parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
        await putPart(part, sequence);
      }
      const hours = [...parts.values()].map(({ partition }) => ({
        namespace: partition.namespace,
        start: hourStart(partition),
      }));
      return { events, blobs, hours };
    },
  };
}

function partOf(
  parts: Map<string, PartitionPart>,
  { context: { namespace }, receivedAt }: EventFrame,
  log: { writer: string; sequence: number },
): PartitionPart {
  const id = `${Math.floor(receivedAt / hourMs)}/${namespace}`;
  let found = parts.get(id);
  if (found === undefined) {
    found = { partition: partitionOf({ namespace, start: receivedAt }), part: makeEventPart(log) };
    parts.set(id, found);
  }
  return found;
}
