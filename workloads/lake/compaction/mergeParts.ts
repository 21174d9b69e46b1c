import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { failpoint } from "../segmentLog/failpoint";
import type { ObjectFacts, ObjectStore } from "../store/objectStore";
import { compactedWriter, type CompactionRecord } from "./currentParts";
import {
  type ParquetEngine,
  type ParquetFile,
  parquetRows,
  writeQuery,
} from "../duckdb/parquetEngine";

/** One merge of parts. */
export interface Merge {
  store: ObjectStore;
  engine: ParquetEngine;
  /** For this merge alone: made anew, and removed with all that is in it. */
  workDirectory: string;
  parts: readonly ObjectFacts[];
  /** SQL of the parts' rows. @default all columns, as they are */
  relation?(files: string[]): string;
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
    const relation = (merge.relation ?? parquetRows)(files);
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
