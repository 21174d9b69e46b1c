import { createHash } from "node:crypto";
import * as path from "node:path";
import {
  type Cell,
  inferenceEventsPartKey,
  inferenceEventsShape,
  type ObjectStore,
  type ParquetEngine,
  partitionOf,
  writeParquet,
} from "@mlplatform/lake";

/** An event that lies in the lake already. */
export interface TestEvent {
  id: string;
  type: "request" | "response";
  /** Milliseconds after the first hour's start. */
  at: number;
  body?: string;
  source?: string;
}

/** Puts events, a part for each hour of a call. */
export type PutEvents = (...events: TestEvent[]) => Promise<void>;

export const NAMESPACE = "models";
const HOUR_MS = 3_600_000;

/** Makes a function that puts events as a committer does. */
export function eventsWriter({
  store,
  engine,
  folder,
  first,
}: {
  store: ObjectStore;
  engine: ParquetEngine;
  folder: string;
  /** Start of the first hour, in milliseconds. */
  first: number;
}): PutEvents {
  let parts = 0;
  return async (...events) => {
    const byHour = new Map<number, TestEvent[]>();
    for (const event of events) {
      const hour = Math.floor(event.at / HOUR_MS);
      byHour.set(hour, [...(byHour.get(hour) ?? []), event]);
    }
    for (const [hour, own] of byHour) {
      const sequence = ++parts;
      const file = path.join(folder, `events-${sequence}.parquet`);
      const rows = own.map((event, frame) => rowOf(event, first, sequence, frame));
      await writeParquet(engine, inferenceEventsShape, rows, file);
      const partition = partitionOf({ namespace: NAMESPACE, start: first + hour * HOUR_MS });
      await store.putFile(inferenceEventsPartKey({ ...partition, writer: "w", sequence }), file);
    }
  };
}

function rowOf(event: TestEvent, first: number, sequence: number, frame: number): Cell[] {
  const body = Buffer.from(event.body ?? `${event.type} of ${event.id}`);
  const time = BigInt(first + event.at) * 1000n;
  const values: Record<string, Cell> = {
    id: event.id,
    type: `org.kubeflow.serving.inference.${event.type}`,
    source: event.source ?? "pod-a",
    time,
    received_time: time,
    namespace: NAMESPACE,
    inference_service: "churn",
    component: "predictor",
    protocol: "v1",
    body,
    body_bytes: BigInt(body.length),
    body_sha256: createHash("sha256").update(body).digest("hex"),
    truncated: false,
    writer: "w",
    sequence: BigInt(sequence),
    frame: BigInt(frame),
  };
  return inferenceEventsShape.columns.map(({ name }) => values[name] ?? null);
}
