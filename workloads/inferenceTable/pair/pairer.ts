import type { ParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import {
  hourId,
  type InferenceHour,
  isChanged,
  listInferenceHours,
} from "@mlplatform/lake/inferences/inferenceHours";
import type { Mutex } from "@mlplatform/lake/service/mutex";
import type { ObjectCache } from "@mlplatform/lake/store/objectCache";
import type { ObjectStore } from "@mlplatform/lake/store/objectStore";
import { ObjectExistsError } from "@mlplatform/lake/store/storeErrors";
import { quarantineNamespace } from "../intake/inferenceEvent";
import { isOwnHour, type Replica } from "./replica";
import { makeHourPairing } from "./hourPairing";

/**
 * What the engine that pairs and merges may take; beyond it, it sorts on disk. The process takes
 * twice as much.
 */
export const engineMemoryMib = 384;

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
  /** One hour at a time has the engine: a late one is asked for while others are being paired. */
  inTurn: Mutex;
  onPaired: (rows: number) => void;
}

/** Writes paired rows from the events in the lake; all of its state is in the lake. */
export interface Pairer {
  /**
   * Pairs what is due. `includeOpen`: the current hour too, at shutdown. Returns the rows written.
   */
  pairDue(now: number, includeOpen: boolean): Promise<number>;
  /**
   * Pairs an hour that `pairDue` looks at no more: its events waited on a disk for more than a day.
   */
  pairLate(namespace: string, start: number): Promise<number>;
}

/** Whether `pairDue` looks at an hour no more. */
export function isPastPairing(start: number, now: number): boolean {
  return start + hourMs < now - lateMs;
}

const hourMs = 3_600_000;
// An answer that comes later than this stays without its request.
const lateMs = 24 * hourMs;
const lateTries = 5;
const standInMs = hourMs / 2;

/**
 * Each run adds part `n` to an hour with the predictions that parts 0…n−1 don't have; a part is
 * never changed. Part n is created only where none is, so that two pairers can't replace each
 * other's rows on a store that knows conditional writes.
 */
export function makePairer(options: PairerOptions): Pairer {
  const { store, replica, inTurn } = options;
  const pairing = makeHourPairing(options);

  const isDue = (hour: InferenceHour, now: number, includeOpen: boolean) => {
    const closed = hour.start + hourMs + options.graceMs;
    // Where others go on, the open hour is paired when it ends.
    const isOpened = includeOpen && replica.count === 1;
    return (
      isOpened ||
      now >= (isOwnHour(replica, hour.namespace, hour.start) ? closed : closed + standInMs)
    );
  };

  /**
   * No later run makes up for it: where another pairer was first, its part is read and the rest
   * added now.
   */
  async function pairLate(namespace: string, start: number, tries: number): Promise<number> {
    const around = { namespace, since: new Date(start - lateMs), until: new Date(start) };
    const hours = await listInferenceHours(store, around, start);
    const hour = hours.get(hourId(namespace, start));
    try {
      return hour === undefined ? 0 : await pairing.pair(hours, hour);
    } catch (error) {
      if (!(error instanceof ObjectExistsError) || tries === 1) {
        throw error;
      }
      return pairLate(namespace, start, tries - 1);
    }
  }

  return {
    async pairDue(now, includeOpen) {
      const since = new Date(now - lateMs - hourMs);
      const hours = await listInferenceHours(store, { since }, now);
      let rows = 0;
      for (const [, hour] of [...hours].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (hour.namespace === quarantineNamespace || !isDue(hour, now, includeOpen)) {
          continue;
        }
        rows += await inTurn(async () => {
          await pairing.addIds(hour);
          return isChanged(hour) ? pairing.pair(hours, hour) : 0;
        }).catch((error: unknown) => {
          if (error instanceof ObjectExistsError) {
            // Another pairer was first; the next run sees its part and adds what it lacks.
            return 0;
          }
          throw error;
        });
      }
      return rows;
    },
    pairLate: (namespace, start) => inTurn(() => pairLate(namespace, start, lateTries)),
  };
}
