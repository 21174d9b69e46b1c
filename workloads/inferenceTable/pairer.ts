import { createHash } from "node:crypto";
import {
  hourId,
  type InferenceHour,
  isChanged,
  listInferenceHours,
  type ObjectCache,
  type ObjectStore,
  type ParquetEngine,
} from "@mlplatform/lake";
import { QUARANTINE_NAMESPACE } from "./inferenceEvent";
import type { Replica } from "./lakeThread";
import { makeHourPairing } from "./hourPairing";

/** What the pairer works with. */
export interface PairerOptions {
  store: ObjectStore;
  cache: ObjectCache;
  engine: ParquetEngine;
  workDirectory: string;
  /** An hour is closed this long after its end. */
  graceMs: number;
  /** Hours are shared among replicas; one that isn't there is stood in for after a while. */
  replica: Replica;
  onPaired: (rows: number) => void;
}

/** Writes paired rows from the events in the lake; all of its state is in the lake. */
export interface Pairer {
  /** Pairs what is due. `includeOpen`: the current hour too, at shutdown. Returns the rows written. */
  pairDue(now: number, includeOpen: boolean): Promise<number>;
  /** Pairs an hour that `pairDue` looks at no more: its events waited on a disk for more than a day. */
  pairLate(namespace: string, start: number): Promise<number>;
}

/** Whether `pairDue` looks at an hour no more. */
export function isPastPairing(start: number, now: number): boolean {
  return start + HOUR_MS < now - LATE_MS;
}

const HOUR_MS = 3_600_000;
// An answer that comes later than this stays without its request.
const LATE_MS = 24 * HOUR_MS;
const STAND_IN_MS = HOUR_MS / 2;

/**
 * Each run adds part `n` to an hour with the predictions that parts 0…n−1 don't have; a part is never
 * changed. Part n is created only where none is, so that two pairers can't replace each other's rows on
 * a store that knows conditional writes.
 */
export function makePairer(options: PairerOptions): Pairer {
  const { store, replica } = options;
  const pairing = makeHourPairing(options);
  // What an hour looked like when it was last paired: nothing is read again until it changes.
  const seen = new Map<string, string>();

  const isMine = (hour: InferenceHour) => {
    const digest = createHash("sha256").update(hourId(hour.namespace, hour.start)).digest();
    return digest.readUInt32LE(0) % replica.count === replica.ordinal;
  };
  const isDue = (hour: InferenceHour, now: number, includeOpen: boolean) => {
    const closed = hour.start + HOUR_MS + options.graceMs;
    // Where others go on, the open hour is paired when it ends.
    const isOpened = includeOpen && replica.count === 1;
    return isOpened || now >= (isMine(hour) ? closed : closed + STAND_IN_MS);
  };

  return {
    async pairDue(now, includeOpen) {
      const since = new Date(now - LATE_MS - HOUR_MS);
      const hours = await listInferenceHours(store, { since }, now);
      let rows = 0;
      for (const [id, hour] of [...hours].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const mark = hour.events.map(({ key }) => key).join("\n");
        if (hour.namespace === QUARANTINE_NAMESPACE || !isDue(hour, now, includeOpen)) {
          continue;
        }
        await pairing.addIds(hour);
        if (isChanged(hour) && seen.get(id) !== mark) {
          rows += await pairing.pair(hours, hour);
          seen.set(id, mark);
        }
      }
      for (const id of seen.keys()) {
        if (!hours.has(id)) {
          seen.delete(id);
        }
      }
      return rows;
    },
    async pairLate(namespace, start) {
      const around = { namespace, since: new Date(start - LATE_MS), until: new Date(start) };
      const hours = await listInferenceHours(store, around, start);
      const hour = hours.get(hourId(namespace, start));
      return hour === undefined ? 0 : pairing.pair(hours, hour);
    },
  };
}
