import * as path from "node:path";
import {
  decodeKeyValue,
  deleteLeftOver,
  describeError,
  type EventsHour,
  groupsOf,
  hourId,
  hourStart,
  INFERENCE_EVENTS_PREFIX,
  inferenceCompactionKey,
  inferenceEventsPartKey,
  inferencesPrefix,
  isChanged,
  listEventsHours,
  listInferenceHours,
  literal,
  type makeTurns,
  mergeParts,
  type ObjectStore,
  type ParquetEngine,
  readEventsHour,
} from "@mlplatform/lake";
import { QUARANTINE_NAMESPACE } from "./inferenceEvent";
import type { Replica } from "./lakeThread";
import { isOwnHour } from "./pairer";

/** What the compactor works with. */
export interface CompactorOptions {
  store: ObjectStore;
  engine: ParquetEngine;
  workDirectory: string;
  /** A merged part has at least this many bytes, where the hour has as many. */
  targetBytes: number;
  /** Replaced parts stay this long for readers that listed them before. */
  graceMs: number;
  replica: Replica;
  /** Each merge takes a turn with what else uses the engine. */
  inTurn: ReturnType<typeof makeTurns>;
  pairLate(namespace: string, start: number): Promise<number>;
}

/** What was merged. */
export interface Compacted {
  merged: number;
  into: number;
  deleted: number;
  /** What couldn't be done now, a line an hour; the next run tries again. */
  failures: string[];
}

/** Merges the parts of events of hours that are long over; all of its state is in the lake. */
export interface Compactor {
  compactDue(now: number): Promise<Compacted>;
  /** Ends what runs with the merge that it is at. */
  stop(): void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// Two hours after readers count on an hour's pairs: nobody compares its events with them any more.
const OVER_MS = 28 * HOUR_MS;
const LAYOUT = "PARQUET_VERSION V2, ROW_GROUP_SIZE 16384, ROW_GROUP_SIZE_BYTES '24MB'";

/**
 * Events come as several objects a minute from each replica; a year of them would be millions, which are slow
 * to list and dear to ask for. An hour's parts are merged once it can change no more. An hour that was left
 * unpaired, because nothing ran when it was due, is paired before.
 */
export function makeCompactor(options: CompactorOptions): Compactor {
  const { store, engine, replica } = options;
  // Days of which nothing is left to do; a start looks at all of them again.
  const doneDays = new Set<string>();
  let isStopped = false;

  async function compactDay(
    namespace: string,
    prefix: string,
    now: number,
    sum: Compacted,
  ): Promise<void> {
    const dayStart = Date.parse(`${prefix.slice(-11, -1)}T00:00:00Z`);
    const day = {
      namespace,
      since: new Date(dayStart),
      until: new Date(dayStart + DAY_MS - 1),
    };
    // As of the day's beginning: with the events of every hour.
    const pairs = await listInferenceHours(store, day, dayStart);
    let isDone = true;
    for (const { partition, listed } of await listEventsHours(store, prefix)) {
      const start = hourStart(partition);
      const isOwn = isOwnHour(replica, namespace, start);
      if (isStopped || now < start + OVER_MS + (isOwn ? 0 : DAY_MS)) {
        isDone = false;
        continue;
      }
      try {
        const pair = pairs.get(hourId(namespace, start));
        if (namespace !== QUARANTINE_NAMESPACE && pair !== undefined && isChanged(pair)) {
          await options.pairLate(namespace, start);
        }
        const isLeft = await compactHour(await readEventsHour(store, partition, listed), now, sum);
        isDone &&= !isLeft;
      } catch (error) {
        isDone = false;
        sum.failures.push(
          `${partition.namespace}, ${partition.date} hour ${partition.hour}: ${describeError(error)}`,
        );
      }
    }
    if (isDone) {
      doneDays.add(prefix);
    }
  }

  /** Returns whether something is left for another run. */
  async function compactHour(hour: EventsHour, now: number, sum: Compacted): Promise<boolean> {
    const deleted = await deleteLeftOver(store, hour, options.graceMs, now);
    sum.deleted += deleted;
    const groups = groupsOf(hour.parts, options.targetBytes);
    for (const [index, group] of groups.entries()) {
      if (!isStopped) {
        await options.inTurn(() => merge(hour, group, hour.nextNumber + index));
        sum.merged += group.length;
        sum.into += 1;
      }
    }
    return groups.length > 0 || deleted < hour.replaced.length + hour.orphans.length;
  }

  function merge(
    { partition }: EventsHour,
    parts: EventsHour["parts"],
    number: number,
  ): Promise<void> {
    return mergeParts({
      store,
      engine,
      workDirectory: path.join(options.workDirectory, "merge"),
      parts,
      // In the order of the files: those of a writer are in the order of time.
      query: (relation) => `SELECT * FROM ${relation}`,
      layout: LAYOUT,
      async check(relation, { file }) {
        const [before, after] = await Promise.all([
          rowsOf(relation),
          rowsOf(`read_parquet(${literal(file)})`),
        ]);
        if (before !== after) {
          throw new Error(
            `merging ${parts.length} parts gave other rows (${after}) than theirs (${before}); ` +
              `nothing was replaced`,
          );
        }
      },
      partKey: (writer) => inferenceEventsPartKey({ ...partition, writer, sequence: number }),
      recordKey: inferenceCompactionKey({ ...partition, number }),
    });
  }

  /** How many rows a relation has, and a sum of the hashes of all of them. */
  async function rowsOf(relation: string): Promise<string> {
    const reader = await engine.connection.runAndReadAll(
      `SELECT count(*) || ' rows, ' || coalesce(sum(hash(r)), 0) FROM ${relation} r`,
    );
    return String(reader.getRows()[0]![0]);
  }

  return {
    async compactDue(now) {
      // A row group is bounded in bytes only where order isn't promised; one thread keeps it all the same.
      await engine.connection.run("SET preserve_insertion_order = false");
      const sum: Compacted = { merged: 0, into: 0, deleted: 0, failures: [] };
      for (const folder of await store.listFolders(INFERENCE_EVENTS_PREFIX)) {
        const encoded = /^namespace=([^/]+)\/$/.exec(folder)?.[1];
        if (encoded === undefined) {
          continue;
        }
        const namespace = decodeKeyValue(encoded);
        const root = inferencesPrefix(INFERENCE_EVENTS_PREFIX, namespace);
        for (const date of await store.listFolders(root)) {
          const isOver = Date.parse(date.slice("date=".length, -1)) + OVER_MS <= now;
          if (isOver && !doneDays.has(root + date) && !isStopped) {
            await compactDay(namespace, root + date, now, sum);
          }
        }
      }
      return sum;
    },
    stop: () => (isStopped = true),
  };
}
