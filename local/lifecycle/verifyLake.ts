import { createHash, type Hash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { fileSha256, literal } from "@mlplatform/lake/duckdb/parquetEngine";
import {
  type ManifestFile,
  ManifestStatus,
  getRayLogManifest,
} from "@mlplatform/lake/rayLogs/rayLogManifest";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import {
  type ObjectFacts,
  type ObjectStore,
  listObjects,
} from "@mlplatform/lake/store/objectStore";
import { inferenceEventsPrefix, inferencesPrefix } from "@mlplatform/lake/tables/inferenceKeys";
import { rayLogsPrefix } from "@mlplatform/lake/tables/rayLogKeys";
import { UserError } from "../../screen/userError";
import { rayNode } from "../services/lakeServices";
import { type LocalLake, openLake } from "../services/objectStore";
import type { FeatureRows, SentPrediction } from "./predictions";
import type { DatasetManifest } from "./dataset";
import type { ModelLocation } from "../services/serving";

/** The inference table commits every 5 s; a busy machine gets some more. */
const eventsTimeoutMs = 60_000;
const pollMs = 500;
const shownRowCount = 3;

/** Reads a published dataset's features back from the lake. */
export async function featureRows(
  lake: LocalLake,
  dataset: DatasetManifest,
  directory: string,
): Promise<FeatureRows> {
  const store = openLake(lake);
  try {
    const key = `${dataset.location.replace(`s3://${lake.bucket}/`, "")}/part-00000.parquet`;
    const file = join(directory, "part-00000.parquet");
    mkdirSync(directory, { recursive: true });
    await store.getFile(key, file);
    const columns = dataset.features.map((name) => `"${name.replaceAll('"', '""')}"`).join(", ");
    const rows = await query(`select ${columns} from read_parquet(${literal(file)})`);
    return { features: dataset.features, rows: rows.map((row) => row.map(Number)) };
  } finally {
    store.close();
  }
}

/**
 * Waits until the lake holds the events of all predictions, and checks that they are exactly those:
 * one request and one response of each, with the bytes that were sent and answered and the model's
 * lineage. Parts are kept in `directory` while they are read. Returns the number of events.
 */
export async function verifyEvents(
  lake: LocalLake,
  namespace: string,
  sent: SentPrediction[],
  model: ModelLocation,
  directory: string,
): Promise<number> {
  const store = openLake(lake);
  try {
    const cache = await openObjectCache({ store, directory });
    const deadline = Date.now() + eventsTimeoutMs;
    let events: unknown[][] = [];
    while (events.length < sent.length * 2 && Date.now() < deadline) {
      const parts = await collect(store, inferencesPrefix(inferenceEventsPrefix, namespace));
      events = await rowsOf(cache, parts, "id, type, body_sha256, mlflow_run_id, model_version");
      if (events.length < sent.length * 2) {
        await sleep(pollMs);
      }
    }
    const found = new Map(
      events.map(([id, type, ...rest]) => [`${String(type).split(".").at(-1)} ${id}`, rest]),
    );
    const wrong = sent.flatMap(({ id, requestSha256, responseSha256 }) =>
      [
        { key: `request ${id}`, sha256: requestSha256 },
        { key: `response ${id}`, sha256: responseSha256 },
      ].filter(({ key, sha256 }) => {
        const [bodySha256, runId, version] = found.get(key) ?? [];
        return bodySha256 !== sha256 || runId !== model.run_id || version !== model.version;
      }),
    );
    if (wrong.length > 0 || events.length !== sent.length * 2) {
      const shown = wrong.slice(0, shownRowCount).map(({ key }) => key);
      throw new UserError({
        what:
          `the lake has ${events.length} events for ${sent.length} predictions; ` +
          `${wrong.length} are missing or ` +
          `differ${shown.length > 0 ? ` (${shown.join("; ")} …)` : ""}`,
        remedy: "Read the logs of kserve-agent and inference-table in .mlplatform/run/logs.",
      });
    }
    return events.length;
  } finally {
    store.close();
  }
}

/** Which Ray node's logs are compared. */
export interface RayLogSource {
  /** Ray's temporary directory, with Ray ended. */
  directory: string;
  namespace: string;
  cluster: string;
  /** Where parts of the lake are kept while they are read. */
  cache: string;
}

/**
 * Rebuilds every log file from the lake's rows and compares it with the file on disk, byte for
 * byte, by SHA-256: none may be missing and none may differ.
 */
export async function verifyRayLogs(
  lake: LocalLake,
  source: RayLogSource,
): Promise<{ files: number; bytes: number }> {
  const store = openLake(lake);
  try {
    const { namespace, cluster } = source;
    const manifest = await getRayLogManifest(store, { namespace, cluster, node: rayNode });
    const cache = await openObjectCache({ store, directory: source.cache });
    const parts = await collect(store, rayLogsPrefix(namespace));
    const columns = "file_uid, byte_start, byte_end, text, raw";
    const filter = `where cluster = ${literal(cluster)} order by file_uid, byte_start`;
    const rebuilt = rebuild(await rowsOf(cache, parts, columns, filter), manifest.files);
    const onDisk = await logFilesOf(source.directory);
    // A name that was used again has a generation for each use: one of them is on the disk.
    const wrong = [...onDisk].filter(
      ([name, content]) => !rebuilt.get(name)?.some((each) => each.sha256 === content.sha256),
    );
    const isFinal = manifest.status === ManifestStatus.Final;
    if (!isFinal || onDisk.size === 0 || wrong.length > 0) {
      const shown = wrong.slice(0, shownRowCount).map(([name, { bytes }]) => {
        const generations =
          rebuilt
            .get(name)
            ?.map((each) => each.bytes)
            .join(", ") ?? "0";
        return `${name} (${bytes} bytes on disk, ${generations} in the lake)`;
      });
      throw new UserError({
        what:
          `of ${onDisk.size} log files of Ray ${wrong.length} are missing in the lake or differ, ` +
          `the node's manifest is ${manifest.status}: ${shown.join("; ")}`,
        remedy: "Read the log offloader's log in .mlplatform/run/logs/log-offloader.log.",
      });
    }
    const bytes = [...onDisk.values()].reduce((sum, file) => sum + file.bytes, 0);
    return { files: onDisk.size, bytes };
  } finally {
    store.close();
  }
}

interface FileContent {
  bytes: number;
  sha256: string;
}

/**
 * Joins rows, ordered by file and position, to the files that they came from, by their last name.
 */
function rebuild(rows: unknown[][], files: ManifestFile[]): Map<string, FileContent[]> {
  const open = new Map<string, { hash: Hash; bytes: number }>();
  for (const [uid, start, end, text, raw] of rows) {
    const into = open.get(String(uid)) ?? { hash: createHash("sha256"), bytes: 0 };
    const rawBytes = raw === null ? undefined : (raw as { bytes: Uint8Array }).bytes;
    const content =
      rawBytes === undefined ? Buffer.from(String(text ?? ""), "utf8") : Buffer.from(rawBytes);
    const length = Number(end) - Number(start);
    // A range one byte longer than its content ended with a newline.
    const whole =
      length === content.length + 1 ? Buffer.concat([content, Buffer.from("\n")]) : content;
    into.hash.update(whole);
    into.bytes += whole.length;
    open.set(String(uid), into);
  }
  const rebuilt = new Map<string, FileContent[]>();
  for (const file of files) {
    const content = open.get(file.uid);
    if (content !== undefined) {
      const name = `${file.session}/${file.names.at(-1) ?? file.file}`;
      const generation = { bytes: content.bytes, sha256: content.hash.digest("hex") };
      rebuilt.set(name, [...(rebuilt.get(name) ?? []), generation]);
    }
  }
  return rebuilt;
}

/** The non-empty log files under each session's `logs`, with what they hold. */
async function logFilesOf(rayDirectory: string): Promise<Map<string, FileContent>> {
  const found = new Map<string, FileContent>();
  const sessions = readdirSync(rayDirectory, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name.startsWith("session_2"),
  );
  for (const session of sessions) {
    const logs = join(rayDirectory, session.name, "logs");
    for (const name of readdirSync(logs, { recursive: true, encoding: "utf8" })) {
      const file = join(logs, name);
      const facts = lstatSync(file);
      if (facts.isFile() && facts.size > 0) {
        found.set(`${session.name}/${name}`, { bytes: facts.size, sha256: await fileSha256(file) });
      }
    }
  }
  return found;
}

async function collect(store: ObjectStore, prefix: string): Promise<ObjectFacts[]> {
  const objects: ObjectFacts[] = [];
  for await (const object of listObjects(store, prefix)) {
    if (object.key.endsWith(".parquet")) {
      objects.push(object);
    }
  }
  return objects;
}

async function rowsOf(
  cache: Awaited<ReturnType<typeof openObjectCache>>,
  parts: ObjectFacts[],
  columns: string,
  rest = "",
): Promise<unknown[][]> {
  if (parts.length === 0) {
    return [];
  }
  const held = await cache.acquire(parts);
  try {
    const files = held.files.map(literal).join(", ");
    const hive = "hive_partitioning = false";
    return await query(`select ${columns} from read_parquet([${files}], ${hive}) ${rest}`);
  } finally {
    held.release();
  }
}

async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "512MB", threads: "1" });
  let connection: DuckDBConnection | undefined;
  try {
    connection = await instance.connect();
    return (await connection.runAndReadAll(sql)).getRows();
  } finally {
    connection?.closeSync();
    instance.closeSync();
  }
}
