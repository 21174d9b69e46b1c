import { join } from "node:path";
import { type ParquetEngine, writeParquet } from "@mlplatform/lake/duckdb/parquetEngine";
import { partitionOf } from "@mlplatform/lake/inferences/inferenceHours";
import type { ObjectStore } from "@mlplatform/lake/store/objectStore";
import { inferenceEventsPartKey } from "@mlplatform/lake/tables/inferenceKeys";
import { inferenceEventsShape } from "@mlplatform/lake/tables/inferenceEventsShape";
import { type EventFacts, eventRow, testNamespace } from "../../lake/testbed/eventRow";

/** An event that lies in the lake already. */
export interface TestEvent extends EventFacts {
  /** Milliseconds after the first hour's start. */
  at: number;
}

/** Puts events, a part for each hour of a call. */
export type PutEvents = (...events: TestEvent[]) => Promise<void>;

const hourMs = 3_600_000;

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
      const hour = Math.floor(event.at / hourMs);
      byHour.set(hour, [...(byHour.get(hour) ?? []), event]);
    }
    for (const [hour, own] of byHour) {
      const sequence = ++parts;
      const file = join(folder, `events-${sequence}.parquet`);
      const rows = own.map((event, frame) =>
        eventRow(event, BigInt(first + event.at) * 1000n, { sequence, frame }),
      );
      await writeParquet(engine, inferenceEventsShape, rows, file);
      const partition = partitionOf({ namespace: testNamespace, start: first + hour * hourMs });
      await store.putFile(inferenceEventsPartKey({ ...partition, writer: "w", sequence }), file);
    }
  };
}
