import { promises as fs } from "node:fs";
import * as path from "node:path";
import {
  emptyRelation,
  hourId,
  inferenceEventsShape,
  type InferenceHour,
  inferencePairedPartKey,
  inferencesShape,
  listInferenceHours,
  literal,
  type ObjectCache,
  ObjectExistsError,
  type ObjectFacts,
  type ObjectStore,
  pairingQuery,
  type ParquetEngine,
  parseInferencePairedPartKey,
  quoted,
  writeQuery,
} from "@mlplatform/lake";
import { QUARANTINE_NAMESPACE } from "./inferenceEvent";

/** What the pairer works with. */
export interface PairerOptions {
  store: ObjectStore;
  cache: ObjectCache;
  engine: ParquetEngine;
  workDirectory: string;
  /** An hour is closed this long after its end. */
  graceMs: number;
  onPaired: (rows: number) => void;
}

/** Writes paired rows from the events in the lake; all of its state is in the lake. */
export interface Pairer {
  /** Pairs what is due. `includeOpen`: the current hour too, at shutdown. Returns the rows written. */
  pairDue(now: number, includeOpen: boolean): Promise<number>;
}

const HOUR_MS = 3_600_000;
// An answer that comes later than this stays without its request.
const LATE_MS = 24 * HOUR_MS;

/**
 * Each run adds part `n` to an hour with the predictions that parts 0…n−1 don't have; a part is never
 * changed. Part n is created only where none is, so that two pairers can't replace each other's rows on
 * a store that knows conditional writes.
 */
export function makePairer(options: PairerOptions): Pairer {
  const { store, cache, engine } = options;
  // What an hour looked like when it was last paired: nothing is read again until it changes.
  const seen = new Map<string, string>();

  async function pairHour(hours: Map<string, InferenceHour>, hour: InferenceHour): Promise<number> {
    const neighbours = [hour.start - HOUR_MS, hour.start, hour.start + HOUR_MS];
    const events = neighbours.flatMap(
      (start) => hours.get(hourId(hour.namespace, start))?.events ?? [],
    );
    const fingerprint = [...events, ...hour.paired].map((each) => each.key).join("\n");
    const id = hourId(hour.namespace, hour.start);
    if (seen.get(id) === fingerprint) {
      return 0;
    }
    const part = nextPart(hour.paired);
    const held = await cache.acquire([...events, ...hour.paired]);
    const file = path.join(options.workDirectory, `paired-${hour.start}-${part}.parquet`);
    try {
      const query = newRowsQuery(
        hour,
        held.files.slice(0, events.length),
        held.files.slice(events.length),
      );
      const { rows } = await writeQuery(engine, query, file);
      if (rows > 0) {
        const key = inferencePairedPartKey({ ...partitionOf(hour), part });
        await store.putFile(key, file, { onlyIfAbsent: true });
        options.onPaired(rows);
      }
      seen.set(id, fingerprint);
      return rows;
    } catch (error) {
      if (error instanceof ObjectExistsError) {
        // Another pairer was first; the next run sees its part and adds what it lacks.
        return 0;
      }
      throw error;
    } finally {
      held.release();
      await fs.rm(file, { force: true });
    }
  }

  return {
    async pairDue(now, includeOpen) {
      const hours = await listInferenceHours(store, { since: new Date(now - LATE_MS) });
      let rows = 0;
      for (const [, hour] of [...hours].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const isDue = includeOpen || now >= hour.start + HOUR_MS + options.graceMs;
        if (isDue && hour.namespace !== QUARANTINE_NAMESPACE) {
          rows += await pairHour(hours, hour);
        }
      }
      return rows;
    },
  };
}

// A row of an earlier part is written again only when it gained its response.
function newRowsQuery(hour: InferenceHour, events: string[], paired: string[]): string {
  const start = `TIMESTAMP ${literal(new Date(hour.start).toISOString().replace("Z", ""))}`;
  const inHour = `received_time >= ${start} AND received_time < ${start} + INTERVAL 1 HOUR`;
  const eventsRelation = relationOf(events, emptyRelation(inferenceEventsShape));
  const pairedRelation = relationOf(paired, emptyRelation(inferencesShape));
  const same = ["namespace", "inference_service", "component", "source", "request_id"]
    .map((column) => `o.${column} = n.${column}`)
    .join(" AND ");
  const columns = inferencesShape.columns.map(({ name }) => quoted(name)).join(", ");
  const order = inferencesShape.key.map((name) => `${quoted(name)} NULLS FIRST`).join(", ");
  return `
SELECT ${columns} FROM (${pairingQuery(eventsRelation, inHour)}) n
WHERE NOT EXISTS (
  SELECT 1 FROM ${pairedRelation} o WHERE ${same}
    AND ((o.request_sha256 IS NOT DISTINCT FROM n.request_sha256 AND (o.status = 'ok' OR n.status <> 'ok'))
      OR (n.status = 'no_request' AND o.response_sha256 = n.response_sha256)))
ORDER BY ${order}`;
}

function relationOf(files: string[], empty: string): string {
  return files.length === 0
    ? `(${empty})`
    : `read_parquet([${files.map(literal).join(", ")}], hive_partitioning = false)`;
}

function partitionOf({ namespace, start }: InferenceHour): {
  namespace: string;
  date: string;
  hour: number;
} {
  const time = new Date(start);
  return { namespace, date: time.toISOString().slice(0, 10), hour: time.getUTCHours() };
}

function nextPart(paired: ObjectFacts[]): number {
  const parts = paired.map((object) => parseInferencePairedPartKey(object.key)?.part ?? -1);
  return Math.max(-1, ...parts) + 1;
}
