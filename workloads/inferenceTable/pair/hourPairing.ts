import { promises as fs } from "node:fs";
import { join } from "node:path";
import {
  copyToParquet,
  literal,
  type ParquetEngine,
  quoted,
} from "@mlplatform/lake/duckdb/parquetEngine";
import {
  hourId,
  hourStart,
  type InferenceHour,
  partitionOf,
} from "@mlplatform/lake/inferences/inferenceHours";
import { identityHash, matchQuery, moved, rowsQuery } from "@mlplatform/lake/inferences/pairing";
import { failpoint } from "@mlplatform/lake/segmentLog/failpoint";
import type { ObjectCache } from "@mlplatform/lake/store/objectCache";
import type { ObjectFacts, ObjectStore } from "@mlplatform/lake/store/objectStore";
import {
  inferenceIdsPartKey,
  inferencePairedPartKey,
  parseInferenceIdsPartKey,
  parseInferencePairedPartKey,
} from "@mlplatform/lake/tables/inferenceKeys";
import { emptyRelation } from "@mlplatform/lake/tables/tableShape";
import { inferenceEventsShape } from "@mlplatform/lake/tables/inferenceEventsShape";
import { inferencesShape } from "@mlplatform/lake/tables/inferencesShape";
import { allowBoundedRowGroups, boundedRowGroups } from "./boundedRowGroups";

/** What pairing an hour works with. */
export interface HourPairingOptions {
  store: ObjectStore;
  cache: ObjectCache;
  engine: ParquetEngine;
  workDirectory: string;
  onPaired: (rows: number) => void;
}

/** Pairs one hour after the other, in bounded memory. */
export interface HourPairing {
  /**
   * Adds what the hour's parts lack, and what its events complete in earlier hours. Returns rows
   * written. Rejects with ObjectExistsError where another pairer was first: its part is to be read
   * before another try.
   */
  pair(hours: Map<string, InferenceHour>, hour: InferenceHour): Promise<number>;
  /** Writes the ids of parts that have none: their writer was killed in between. */
  addIds(hour: InferenceHour): Promise<void>;
}

/** A part of pairs in the lake, whose ids aren't there yet. */
interface NewPart {
  part: number;
  idsFile: string;
  rows: number;
}

// Of a part that says nothing about its hour's events.
const unknownCoverage = 0;
const hourMs = 3_600_000;
const lateHours = 24;
// Bodies of one step, twice: as the join's table and as the rows that are sorted.
const bucketBytes = 32 << 20;
const identity = ["namespace", "inference_service", "component", "source"];

/** Makes the pairing of hours. */
export function makeHourPairing(options: HourPairingOptions): HourPairing {
  const { store, cache, engine, workDirectory } = options;
  const { connection } = engine;

  const isReady = allowBoundedRowGroups(engine);

  async function all(sql: string): Promise<Record<string, unknown>[]> {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS();
  }

  /** Runs with local copies of objects, as a relation. */
  async function withFiles<T>(
    objects: ObjectFacts[],
    empty: string,
    work: (relation: string) => Promise<T>,
  ): Promise<T> {
    const held = await cache.acquire(objects);
    try {
      return await work(relationOf(held.files, empty));
    } finally {
      held.release();
    }
  }

  /**
   * Earlier hours in which the hour's ids occur already: an answer that came late, or a repetition.
   */
  async function findEchoes(
    hours: Map<string, InferenceHour>,
    hour: InferenceHour,
    events: string,
  ): Promise<InferenceHour[]> {
    const earlier = Array.from({ length: lateHours }, (_, index) =>
      hours.get(hourId(hour.namespace, hour.start - (index + 1) * hourMs)),
    ).filter((each) => each !== undefined);
    // Without its list of ids an hour may hold any.
    const unlisted = earlier.filter(({ paired, ids }) => listedParts(ids).size < paired.length);
    const listed = earlier.filter((each) => !unlisted.includes(each));
    const objects = listed.flatMap(({ ids }) => ids);
    const held = await cache.acquire(objects);
    try {
      const found = new Set(unlisted.map(({ start }) => start));
      if (objects.length > 0) {
        const rows = await all(
          `SELECT DISTINCT filename FROM read_parquet([${held.files.map(literal).join(", ")}],
             filename = true)
           WHERE identity_hash IN (SELECT ${identityHash("id")} FROM ${events}
             WHERE problem IS NULL)`,
        );
        for (const { filename } of rows) {
          const part = parseInferenceIdsPartKey(
            objects[held.files.indexOf(String(filename))]!.key,
          )!;
          found.add(hourStart(part));
        }
      }
      // An hour that was never paired has no ids; what it holds is known only from its events.
      earlier.filter(({ paired }) => paired.length === 0).forEach(({ start }) => found.add(start));
      return earlier.filter(({ start }) => found.has(start));
    } finally {
      held.release();
    }
  }

  async function writePart(hour: InferenceHour, where: string, events: string): Promise<NewPart> {
    const part = nextPart(hour.paired);
    const file = join(workDirectory, `.paired-${hour.start}-${part}.tmp`);
    const pieces: string[] = [];
    try {
      for (const [index, range] of (await bucketRanges(where)).entries()) {
        const pairs = `(SELECT * FROM pairs WHERE ${where} AND ${range.pairs})`;
        const bodies = `(SELECT * FROM ${events} WHERE problem IS NULL AND ${range.events})`;
        const piece = `${file}-${index}.tmp`;
        pieces.push(piece);
        await copyToParquet(engine, orderedRows(rowsQuery(pairs, bodies)), piece, boundedRowGroups);
      }
      if (pieces.length === 1) {
        await fs.rename(pieces[0]!, file);
      } else {
        const list = pieces.map(literal).join(", ");
        const query = `SELECT * FROM read_parquet([${list}])`;
        await copyToParquet(engine, query, file, boundedRowGroups);
      }
      failpoint("pair.written");
      const key = inferencePairedPartKey({ ...partitionOf(hour), part });
      await store.putFile(key, file, { onlyIfAbsent: true });
      failpoint("pair.put");
      // What follows in this run counts on the part as if it had been listed.
      hour.paired.push(await store.head(key));
      const [counted] = await all(`SELECT count(*) AS rows FROM read_parquet(${literal(file)})`);
      return { part, idsFile: await writeIds(hour, part, file), rows: Number(counted!["rows"]) };
    } finally {
      await Promise.all([file, ...pieces].map((each) => fs.rm(each, { force: true })));
    }
  }

  /** Ranges of ids that cut the pairs into steps of a bounded number of bytes. */
  async function bucketRanges(where: string): Promise<{ pairs: string; events: string }[]> {
    const [sum] = await all(
      `SELECT coalesce(sum(pair_bytes + 512), 0)::DOUBLE AS bytes FROM pairs WHERE ${where}`,
    );
    const count = Math.max(1, Math.ceil(Number(sum!["bytes"]) / bucketBytes));
    if (count === 1) {
      return [{ pairs: "true", events: "true" }];
    }
    const cuts = Array.from({ length: count - 1 }, (_, index) => (index + 1) / count);
    const [row] = await all(
      `SELECT quantile_disc(id, [${cuts.join(", ")}]) AS cuts FROM pairs WHERE ${where}`,
    );
    const bounds = [...new Set(row!["cuts"] as string[])];
    return [undefined, ...bounds].map((from, index) => {
      const to = bounds[index];
      const range = [
        ...(from === undefined ? [] : [`id > ${literal(from)}`]),
        ...(to === undefined ? [] : [`id <= ${literal(to)}`]),
      ].join(" AND ");
      return { pairs: range, events: range };
    });
  }

  async function writeIds(hour: InferenceHour, part: number, pairedFile: string): Promise<string> {
    const file = join(workDirectory, `.ids-${hour.start}-${part}.tmp`);
    await copyToParquet(
      engine,
      `SELECT md5_number_lower(request_id) AS id_hash,
         ${identityHash("request_id")} AS identity_hash
       FROM read_parquet(${literal(pairedFile)}) ORDER BY id_hash, identity_hash`,
      file,
    );
    return file;
  }

  async function putIds(
    hour: InferenceHour,
    { part, idsFile }: Pick<NewPart, "part" | "idsFile">,
    covered: number,
  ): Promise<void> {
    try {
      const key = inferenceIdsPartKey({ ...partitionOf(hour), part, covered });
      await store.putFile(key, idsFile);
      hour.ids.push(await store.head(key));
    } finally {
      await fs.rm(idsFile, { force: true });
    }
  }

  /**
   * Makes the table `pairs`: what the hour's events and their echoes are matched to, without what
   * is written.
   */
  async function matchPairs(
    hour: InferenceHour,
    echoes: InferenceHour[],
    events: string,
    paired: string,
  ): Promise<void> {
    const starts = [hour, ...echoes].map(({ start }) => timestamp(start)).join(", ");
    const same = [...identity.map((name) => [name, name]), ["id", "request_id"]]
      .map(([pair, written]) => `o.${written} = n.${pair}`)
      .join(" AND ");
    await connection.run(`
CREATE TEMP TABLE pairs AS
SELECT *, date_trunc('hour', row_time) AS row_hour FROM (${matchQuery(events)}) n
WHERE row_hour IN (${starts}) AND NOT EXISTS (
  SELECT 1 FROM ${paired} o WHERE ${same}
    AND ((o.request_hash IS NOT DISTINCT FROM n.request_hash AND (o.status = 'ok'
      OR n.status <> 'ok')
          AND (o.request_hash IS NOT NULL OR o.response_hash = n.response_hash))
      OR (n.status = 'no_request' AND o.response_hash = n.response_hash)))`);
  }

  /**
   * Rows that were written as an answer alone, and whose prediction is now whole in another hour.
   */
  async function writeMoved(hour: InferenceHour, paired: string): Promise<number> {
    const same = [...identity.map((name) => [name, name]), ["request_id", "id"]]
      .map(([written, pair]) => `o.${written} = m.${pair}`)
      .join(" AND ");
    const columns = inferencesShape.columns
      .map(({ name, type }) =>
        name === "status"
          ? `'${moved}' AS status`
          : ["request", "response", "request_raw", "response_raw", "metadata"].includes(name)
            ? `NULL::${type} AS ${quoted(name)}`
            : `o.${quoted(name)}`,
      )
      .join(", ");
    const query = `SELECT ${columns} FROM ${paired} o
      WHERE o.status = 'no_request' AND EXISTS (
        SELECT 1 FROM pairs m WHERE ${same} AND m.status = 'ok'
          AND m.response_hash = o.response_hash
          AND m.row_hour <> ${timestamp(hour.start)})`;
    const [found] = await all(`SELECT count(*) AS rows FROM (${query})`);
    if (Number(found!["rows"]) === 0) {
      return 0;
    }
    const part = nextPart(hour.paired);
    const file = join(workDirectory, `.moved-${hour.start}-${part}.tmp`);
    try {
      await copyToParquet(engine, query, file);
      const key = inferencePairedPartKey({ ...partitionOf(hour), part });
      await store.putFile(key, file, { onlyIfAbsent: true });
      hour.paired.push(await store.head(key));
      await putIds(hour, { part, idsFile: await writeIds(hour, part, file) }, unknownCoverage);
      return Number(found!["rows"]);
    } finally {
      await fs.rm(file, { force: true });
    }
  }

  async function pairHour(
    hours: Map<string, InferenceHour>,
    hour: InferenceHour,
    ownEvents: string,
  ): Promise<number> {
    const echoes = await findEchoes(hours, hour, ownEvents);
    const echoEvents = echoes.flatMap((each) => each.events);
    const written = [hour, ...echoes].flatMap(({ paired }) => paired);
    return withFiles(echoEvents, emptyRelation(inferenceEventsShape), (echoed) =>
      withFiles(written, emptyRelation(inferencesShape), async (paired) => {
        const ids = `(SELECT DISTINCT ${identityHash("id")} FROM ${ownEvents}
          WHERE problem IS NULL)`;
        const events =
          echoEvents.length === 0
            ? ownEvents
            : `(SELECT * FROM ${ownEvents} UNION ALL BY NAME
                SELECT * FROM ${echoed} WHERE ${identityHash("id")} IN ${ids})`;
        await matchPairs(hour, echoes, events, paired);
        // Also where it has no row: its ids say that these events were looked at.
        const own = await writePart(hour, `row_hour = ${timestamp(hour.start)}`, events);
        let { rows } = own;
        for (const each of echoes) {
          const where = `row_hour = ${timestamp(each.start)}`;
          const [found] = await all(`SELECT count(*) AS rows FROM pairs WHERE ${where}`);
          if (Number(found!["rows"]) > 0) {
            const part = await writePart(each, where, events);
            await putIds(each, part, unknownCoverage);
            rows += part.rows;
          }
        }
        for (const each of echoes) {
          rows += await withFiles(each.paired, emptyRelation(inferencesShape), (written) =>
            writeMoved(each, written),
          );
        }
        // Last: killed before this, the hour is paired again, and what is written already isn't
        // written twice.
        await putIds(hour, own, hour.events.length);
        failpoint("pair.idsPut");
        return rows;
      }),
    );
  }

  return {
    async pair(hours, hour) {
      await isReady;
      try {
        const rows = await withFiles(hour.events, emptyRelation(inferenceEventsShape), (events) =>
          pairHour(hours, hour, events),
        );
        options.onPaired(rows);
        return rows;
      } finally {
        await connection.run("DROP TABLE IF EXISTS pairs");
      }
    },
    async addIds(hour) {
      const known = listedParts(hour.ids);
      for (const object of hour.paired) {
        const { part } = parseInferencePairedPartKey(object.key)!;
        if (!known.has(part)) {
          const held = await cache.acquire([object]);
          try {
            const idsFile = await writeIds(hour, part, held.files[0]!);
            await putIds(hour, { part, idsFile }, unknownCoverage);
          } finally {
            held.release();
          }
        }
      }
    },
  };
}

function orderedRows(query: string): string {
  const columns = inferencesShape.columns.map(({ name }) => quoted(name)).join(", ");
  // By id first: a search for one reads the row groups that may have it.
  const order = ["request_id", ...inferencesShape.key.filter((name) => name !== "request_id")]
    .map((name) => `${quoted(name)} NULLS FIRST`)
    .join(", ");
  return `SELECT ${columns} FROM (${query}) ORDER BY ${order}`;
}

function relationOf(files: string[], empty: string): string {
  return files.length === 0
    ? `(${empty})`
    : `read_parquet([${files.map(literal).join(", ")}], hive_partitioning = false)`;
}

function timestamp(start: number): string {
  return `TIMESTAMP ${literal(new Date(start).toISOString().replace("Z", ""))}`;
}

function listedParts(ids: ObjectFacts[]): Set<number> {
  return new Set(ids.map(({ key }) => parseInferenceIdsPartKey(key)!.part));
}

function nextPart(paired: ObjectFacts[]): number {
  const parts = paired.map((object) => parseInferencePairedPartKey(object.key)?.part ?? -1);
  return Math.max(-1, ...parts) + 1;
}
