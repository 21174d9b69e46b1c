import { promises as fs } from "node:fs";
import type { DuckDBValue } from "@duckdb/node-api";
import type { ObjectCache } from "../store/objectCache";
import { isWithin, type LakeSelection } from "../tables/lakeSelection";
import { duckdb } from "../duckdb/duckdb";
import { listEventsParts } from "../inferences/inferenceEventsParts";
import { hourStart, inferencesHours, type InferenceHours } from "../inferences/inferenceHours";
import type { ObjectFacts, ObjectStore } from "../store/objectStore";
import { hoursOf } from "../inferences/predictionSearch";
import { pairingQuery, settledQuery, withPayloadSha256 } from "../inferences/pairing";
import { literal, parquetRows } from "../duckdb/parquetEngine";
import { checkReadOnly } from "../duckdb/readOnlyQuery";
import { createFeatures, type FeaturesOf } from "../inferences/featuresTable";
import { listRayLogParts } from "../rayLogs/rayLogParts";
import { createRayLogsView } from "../rayLogs/rayLogsView";
import { UnreadableObjectError } from "../store/unreadableObject";
import { emptyRelation } from "../tables/tableShape";
import { inferenceEventsShape } from "../tables/inferenceEventsShape";
import { inferencesShape } from "../tables/inferencesShape";

/** What a question is about, and what else it takes. */
export interface LakeQuestion extends LakeSelection {
  /** Whose predictions the table `features` takes apart; without it there is no such table. */
  features?: FeaturesOf;
  /**
   * Only this prediction, for the table `inferences`: of hours that don't have it nothing is
   * fetched.
   */
  predictionId?: string;
}

/** A cell of an answer. */
export type AnswerCell = string | number | bigint | boolean | Date | Buffer | null | unknown;

/** An answer. */
export interface LakeAnswer {
  columns: string[];
  rows: Record<string, AnswerCell>[];
}

/**
 * SQL over the lake. Tables: `raylogs`, `inferences_events`, `inferences`, and `features` of a
 * selected model.
 */
export interface Lake {
  readonly store: ObjectStore;
  /**
   * Runs one query; `$name` parameters come from `values`. Only tables that it names are fetched.
   */
  query(
    sql: string,
    selection?: LakeQuestion,
    values?: Record<string, DuckDBValue>,
  ): Promise<LakeAnswer>;
  /** The same, row after row without holding all of them. */
  stream(
    sql: string,
    selection?: LakeQuestion,
    values?: Record<string, DuckDBValue>,
  ): AsyncGenerator<Record<string, AnswerCell>>;
}

/** How the engine is bounded. */
export interface LakeOptions {
  store: ObjectStore;
  cache: ObjectCache;
  /** Mebibytes. @default 1024 */
  memoryMiB?: number;
  /**
   * Told of each part that is left out because it can't be read. @default - the question fails
   */
  onUnreadable?: (error: UnreadableObjectError) => void;
}

/** The tables that a question may name. */
export const lakeTables = ["raylogs", "inferences_events", "inferences", "features"] as const;
const hourMs = 3_600_000;

/**
 * Opens the lake for questions. A question is one SELECT over the tables. The engine sees only the
 * cached copies of the objects asked for: it can read no other file and write none, load no
 * extension, and its settings are locked before the question runs.
 */
export function openLake(options: LakeOptions): Lake {
  const { store, cache } = options;

  async function* stream(
    sql: string,
    selection: LakeQuestion = {},
    values?: Record<string, DuckDBValue>,
  ): AsyncGenerator<Record<string, AnswerCell>> {
    const session = await openSession(sql, selection);
    try {
      const result = await session.connection.stream(sql, values);
      for await (const rows of result.yieldRowObjectJs()) {
        yield* rows;
      }
    } catch (error) {
      throw session.named(error);
    } finally {
      session.close();
    }
  }

  async function openSession(sql: string, selection: LakeQuestion) {
    await fs.mkdir(cache.directory, { recursive: true });
    const instance = await duckdb().DuckDBInstance.create(":memory:", {
      memory_limit: `${options.memoryMiB ?? 1024}MiB`,
      temp_directory: cache.directory,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const connection = await instance.connect();
    const held: (() => void)[] = [];
    /** Keys by the files that hold them. */
    const keys = new Map<string, string>();
    const named = (error: unknown) => {
      const message = String((error as Error).message);
      const [file, key] = [...keys].find(([each]) => message.includes(each)) ?? [];
      return file === undefined || key === undefined
        ? error
        : new UnreadableObjectError(key, message.replaceAll(file, key));
    };
    const close = () => {
      connection.closeSync();
      instance.closeSync();
      held.forEach((release) => release());
    };
    try {
      await checkReadOnly(connection, sql, lakeTables);
      await connection.run("SET TimeZone = 'UTC'");
      // A word that only looks like a table costs a listing; a table that is missed would be an
      // error.
      const names = new Set(sql.toLowerCase().match(/\w+/g));
      const acquire = async (objects: ObjectFacts[]) => {
        const { files, release } = await cache.acquire(objects);
        held.push(release);
        files.forEach((file, index) => keys.set(file, objects[index]!.key));
        return files;
      };
      const parquet = async (objects: ObjectFacts[], empty: string) => {
        const files = await acquire(objects);
        return files.length === 0 ? `(${empty})` : parquetRows(files);
      };
      if (names.has("raylogs")) {
        const parts = await listRayLogParts(store, selection);
        const files = await acquire(parts);
        const located = parts.map((part, index) => ({ part, file: files[index]! }));
        await createRayLogsView(connection, located, options.onUnreadable);
      }
      if (names.has("inferences_events")) {
        const parts = await listEventsParts(store, selection.namespace, (partition) =>
          isWithin(hourStart(partition), hourMs, selection),
        );
        const relation = await parquet(parts, emptyRelation(inferenceEventsShape));
        await connection.run(`CREATE VIEW inferences_events AS SELECT * FROM ${relation}`);
      }
      const features = names.has("features") ? selection.features : undefined;
      if (names.has("inferences") || features !== undefined) {
        const { predictionId } = selection;
        const all = await inferencesHours(store, selection);
        const hours =
          predictionId === undefined ? all : await hoursOf(cache, connection, all, predictionId);
        // The optimizer can't bring a view's condition below a window; here it is given to it
        // there.
        const only = (relation: string, column: string) =>
          predictionId === undefined
            ? relation
            : `(SELECT * FROM ${relation} WHERE ${column} = ${literal(predictionId)})`;
        const inferences = emptyRelation(inferencesShape);
        const events = await parquet(hours.events, emptyRelation(inferenceEventsShape));
        const view = inferencesQuery(hours, {
          settled: only(await parquet(hours.settled, inferences), "request_id"),
          paired: only(await parquet(hours.paired, inferences), "request_id"),
          events: only(events, "id"),
        });
        await connection.run(`CREATE VIEW inferences AS ${withPayloadSha256(view)}`);
      }
      if (features !== undefined) {
        await createFeatures(connection, features);
      }
      const readable = Array.from(keys.keys(), literal).join(", ");
      await connection.run(`SET allowed_paths = [${readable}]`);
      await connection.run("SET enable_external_access = false");
      await connection.run("SET lock_configuration = true");
      return { connection, close, named };
    } catch (error) {
      close();
      throw error;
    }
  }

  return {
    store,
    stream,
    async query(sql, selection = {}, values) {
      const session = await openSession(sql, selection);
      try {
        const reader = await session.connection.runAndReadAll(sql, values);
        return { columns: reader.columnNames(), rows: reader.getRowObjectsJS() };
      } catch (error) {
        throw session.named(error);
      } finally {
        session.close();
      }
    },
  };
}

function inferencesQuery(
  hours: InferenceHours,
  relations: { settled: string; paired: string; events: string },
): string {
  const columns = inferencesShape.columns.map(({ name }) => `"${name}"`).join(", ");
  const settled = `SELECT ${columns} FROM ${relations.settled}`;
  const paired = `SELECT ${columns} FROM ${relations.paired}`;
  const starts = hours.unpaired.map(
    (start) => `TIMESTAMP ${literal(new Date(start).toISOString().replace("Z", ""))}`,
  );
  if (starts.length === 0 && hours.paired.length === 0) {
    return settled;
  }
  if (starts.length === 0) {
    return `${settled} UNION ALL SELECT ${columns} FROM (${settledQuery(`(${paired})`)})`;
  }
  // An answer completes its request in the hour before, too.
  const filter = ["row_time", "answered_time"]
    .map((time) => `date_trunc('hour', ${time}) IN (${starts.join(", ")})`)
    .join(" OR ");
  const pairs = `SELECT ${columns} FROM (${pairingQuery(relations.events, filter)})`;
  return (
    `${settled} UNION ALL SELECT ${columns} FROM ` +
    `(${settledQuery(`(${paired} UNION ALL ${pairs})`)})`
  );
}
