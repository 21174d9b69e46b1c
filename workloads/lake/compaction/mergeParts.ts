import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { join, posix } from "node:path";
import { failpoint } from "../segmentLog/failpoint";
import { listObjects, type ObjectFacts, type ObjectStore } from "../store/objectStore";
import { literal, type ParquetEngine, type ParquetFile, writeQuery } from "../duckdb/parquetEngine";

/**
 * Says that one part stands for others. A compacted part is read only by its record, and what a
 * record replaces is read no more: putting it is the one step in which readers go from the old
 * parts to the new one. It stays as long as the part.
 */
export interface CompactionRecord {
  version: 1;
  part: { key: string; bytes: number; sha256: string; rows: number };
  replaces: string[];
  /**
   * When it was put; the replaced parts are deleted some time later, for readers that listed
   * before.
   */
  at: string;
}

/** A partition's parts: those to read, and what compaction has left over. */
export interface CurrentParts {
  /** To read: parts as they came, and compacted ones. */
  parts: ObjectFacts[];
  /** In a record, and not deleted yet. */
  replaced: { object: ObjectFacts; at: Date }[];
  /** Compacted parts without a record: whoever made them ended before it was put. */
  orphans: ObjectFacts[];
}

/** One merge of parts. */
export interface Merge {
  store: ObjectStore;
  engine: ParquetEngine;
  /** For this merge alone: made anew, and removed with all that is in it. */
  workDirectory: string;
  parts: readonly ObjectFacts[];
  /** SQL of the merged rows, in their order, over a relation of the parts' rows. */
  query(relation: string): string;
  /** More options of DuckDB's COPY. */
  layout: string;
  /**
   * Rejects where the merged file doesn't have the rows of the relation; then nothing is replaced.
   */
  check(relation: string, merged: ParquetFile): Promise<void>;
  /** The new part's key. Its writer is named by what it was made from. */
  partKey(writer: string): string;
  /** The record's key; rejects with ObjectExistsError where another merge took it. */
  recordKey: string;
}

const compactedWriter = "compacted";

/** Whether a part is a merged one, by its key. */
export function isCompacted({ key }: ObjectFacts): boolean {
  return posix.basename(key).startsWith(`part-${compactedWriter}`);
}

/** Reads the wanted ones of the records below a prefix, with their keys. */
export async function readCompactionRecords(
  store: ObjectStore,
  prefix: string,
  isWanted: (key: string) => boolean = () => true,
): Promise<{ key: string; record: CompactionRecord }[]> {
  const records: { key: string; record: CompactionRecord }[] = [];
  for await (const { key } of listObjects(store, prefix)) {
    if (!isWanted(key)) {
      continue;
    }
    const text = (await store.get(key)).toString("utf8");
    records.push({ key, record: JSON.parse(text) as CompactionRecord });
  }
  return records;
}

/**
 * Tells a partition's parts apart by its records, which must have been read after the parts were
 * listed: what a record of meanwhile replaces was listed, and the record itself names its part.
 */
export function currentParts(
  listed: readonly ObjectFacts[],
  records: readonly CompactionRecord[],
): CurrentParts {
  const replacedAt = new Map(
    records.flatMap(({ replaces, at }) => replaces.map((key) => [key, new Date(at)] as const)),
  );
  const recorded = new Map(records.map((record) => [record.part.key, record]));
  const current: CurrentParts = { parts: [], replaced: [], orphans: [] };
  for (const object of listed) {
    // A compacted part can be compacted again, and its own record stays.
    const at = replacedAt.get(object.key);
    const isRecorded = recorded.delete(object.key);
    if (at !== undefined) {
      current.replaced.push({ object, at });
    } else if (isRecorded || !isCompacted(object)) {
      current.parts.push(object);
    } else {
      current.orphans.push(object);
    }
  }
  for (const { part, at } of recorded.values()) {
    if (!replacedAt.has(part.key)) {
      const { key, bytes, sha256 } = part;
      current.parts.push({ key, bytes, etag: sha256, modified: new Date(at) });
    }
  }
  return current;
}

/** Deletes what is left over for at least `graceMs`. Returns the number of parts. */
export async function deleteLeftOver(
  store: ObjectStore,
  { replaced, orphans }: CurrentParts,
  graceMs: number,
  now: number,
): Promise<number> {
  const gone = [...replaced, ...orphans.map((object) => ({ object, at: object.modified }))].filter(
    ({ at }) => now - at.getTime() >= graceMs,
  );
  for (const { object } of gone) {
    await store.delete(object.key);
  }
  return gone.length;
}

/** Groups of parts that are worth merging, in the order of their keys. */
export function groupsOf(parts: readonly ObjectFacts[], targetBytes: number): ObjectFacts[][] {
  const small = parts
    .filter(({ bytes }) => bytes < targetBytes / 2)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const groups: ObjectFacts[][] = [[]];
  let bytes = 0;
  for (const part of small) {
    groups.at(-1)!.push(part);
    bytes += part.bytes;
    if (bytes >= targetBytes) {
      groups.push([]);
      bytes = 0;
    }
  }
  return groups.filter((group) => group.length > 1);
}

/**
 * Merges parts into one. Readers see the old parts until the record is put and the new one
 * afterwards, never both; a run that is killed anywhere leaves at most a part without a record,
 * which no one reads and the next run writes anew or deletes.
 */
export async function mergeParts(merge: Merge): Promise<void> {
  const { store, engine, parts, workDirectory } = merge;
  await fs.rm(workDirectory, { recursive: true, force: true });
  await fs.mkdir(workDirectory, { recursive: true, mode: 0o700 });
  try {
    const files: string[] = [];
    for (const [index, { key }] of parts.entries()) {
      const file = join(workDirectory, `part-${index}.parquet`);
      await store.getFile(key, file);
      files.push(file);
    }
    const relation =
      `read_parquet([${files.map(literal).join(", ")}], hive_partitioning = false, ` +
      "union_by_name = true)";
    const file = join(workDirectory, "merged.parquet");
    const merged = await writeQuery(engine, merge.query(relation), file, merge.layout);
    await merge.check(relation, merged);
    failpoint("merge.written");
    const replaces = parts.map(({ key }) => key);
    const inputs = createHash("sha256").update(replaces.join("\n")).digest("hex").slice(0, 16);
    const key = merge.partKey(`${compactedWriter}${inputs}`);
    await store.putFile(key, file);
    failpoint("merge.put");
    const { bytes, sha256, rows } = merged;
    const part = { key, bytes, sha256, rows };
    const record: CompactionRecord = { version: 1, part, replaces, at: new Date().toISOString() };
    const body = Buffer.from(`${JSON.stringify(record, null, 1)}\n`, "utf8");
    await store.put(merge.recordKey, body, { contentType: "application/json", onlyIfAbsent: true });
    failpoint("merge.recorded");
  } finally {
    await fs.rm(workDirectory, { recursive: true, force: true });
  }
}
