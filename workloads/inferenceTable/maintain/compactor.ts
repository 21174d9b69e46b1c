import { join } from "node:path";
import { literal, type ParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import {
  type EventsHour,
  listEventsHours,
  readEventsHour,
} from "@mlplatform/lake/inferences/inferenceEventsParts";
import {
  datesOf,
  dayOf,
  hourId,
  hourStart,
  isChanged,
  listInferenceHours,
  namespacesOf,
} from "@mlplatform/lake/inferences/inferenceHours";
import { describeError } from "@mlplatform/lake/service/logLine";
import type { Mutex } from "@mlplatform/lake/service/mutex";
import { deleteLeftOver } from "@mlplatform/lake/compaction/currentParts";
import { groupsOf, mergeParts } from "@mlplatform/lake/compaction/mergeParts";
import type { ObjectStore } from "@mlplatform/lake/store/objectStore";
import {
  inferenceEventsPrefix,
  inferenceCompactionKey,
  inferenceEventsPartKey,
} from "@mlplatform/lake/tables/inferenceKeys";
import { allowBoundedRowGroups, boundedRowGroups } from "../pair/boundedRowGroups";
import { quarantineNamespace } from "../intake/inferenceEvent";
import { type Replica, isOwnHour } from "../pair/replica";

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
  inTurn: Mutex;
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

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
// Two hours after readers count on an hour's pairs: nobody compares its events with them any more.
const overMs = 28 * hourMs;

/**
 * Events come as several objects a minute from each replica; a year of them would be millions,
 * which are slow to list and dear to ask for. An hour's parts are merged once it can change no
 * more. An hour that was left unpaired, because nothing ran when it was due, is paired before.
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
    const dayStart = dayOf(prefix);
    const day = {
      namespace,
      since: new Date(dayStart),
      until: new Date(dayStart + dayMs - 1),
    };
    // As of the day's beginning: with the events of every hour.
    const pairs = await listInferenceHours(store, day, dayStart);
    let isDone = true;
    for (const { partition, listed } of await listEventsHours(store, prefix)) {
      const start = hourStart(partition);
      const isOwn = isOwnHour(replica, namespace, start);
      if (isStopped || now < start + overMs + (isOwn ? 0 : dayMs)) {
        isDone = false;
        continue;
      }
      try {
        const pair = pairs.get(hourId(namespace, start));
        if (namespace !== quarantineNamespace && pair !== undefined && isChanged(pair)) {
          await options.pairLate(namespace, start);
        }
        const isLeft = await compactHour(await readEventsHour(store, partition, listed), now, sum);
        isDone &&= !isLeft;
      } catch (error) {
        isDone = false;
        sum.failures.push(
          `${partition.namespace}, ${partition.date} hour ${partition.hour}: ` +
            `${describeError(error)}`,
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
      workDirectory: join(options.workDirectory, "merge"),
      parts,
      // In the order of the files: those of a writer are in the order of time.
      query: (relation) => `SELECT * FROM ${relation}`,
      layout: boundedRowGroups,
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
      await allowBoundedRowGroups(engine);
      const sum: Compacted = { merged: 0, into: 0, deleted: 0, failures: [] };
      // Days of which at least the first hour is over.
      const until = new Date(now - overMs);
      for (const namespace of await namespacesOf(store, inferenceEventsPrefix, {})) {
        const days = await datesOf(store, inferenceEventsPrefix, namespace, { until });
        for (const prefix of days) {
          if (!doneDays.has(prefix) && !isStopped) {
            await compactDay(namespace, prefix, now, sum);
          }
        }
      }
      return sum;
    },
    stop: () => (isStopped = true),
  };
}
