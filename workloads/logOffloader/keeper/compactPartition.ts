import { join } from "node:path";
import {
  openParquetEngine,
  type ParquetEngine,
  quoted,
} from "@mlplatform/lake/duckdb/parquetEngine";
import { placedRelation } from "@mlplatform/lake/duckdb/placedRelation";
import type { PartitionParts } from "@mlplatform/lake/rayLogs/rayLogParts";
import { groupsOf, mergeParts } from "@mlplatform/lake/compaction/mergeParts";
import type { ObjectStore } from "@mlplatform/lake/store/objectStore";
import {
  rayLogCompactionKey,
  type RayLogPartition,
  rayLogPartKey,
} from "@mlplatform/lake/tables/rayLogKeys";
import { rayLogShape } from "@mlplatform/lake/tables/rayLogShape";

/** What one run merges with. */
export interface CompactionOptions {
  store: ObjectStore;
  workDirectory: string;
  targetBytes: number;
}

/** What was merged. */
export interface CompactionResult {
  merged: number;
  into: number;
}

// Beyond it the rows of a group are sorted on disk, in a volume of two gibibytes.
const engineMib = 512;
const compactedLayout = "PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1000";
const key = rayLogShape.key.map(quoted).join(", ");

/** Merges a partition's parts into ones of at least the target size. */
export async function compactPartition(
  { store, workDirectory, targetBytes }: CompactionOptions,
  { partition, parts, nextNumber }: PartitionParts,
): Promise<CompactionResult> {
  const groups = groupsOf(parts, targetBytes);
  for (const [index, group] of groups.entries()) {
    const number = nextNumber + index;
    // An engine each: what it sorted on disk goes with it.
    const engine = await openParquetEngine({
      temporaryDirectory: join(workDirectory, "spill"),
      memoryMiB: engineMib,
    });
    try {
      await mergeParts({
        store,
        engine,
        workDirectory: join(workDirectory, "merge"),
        parts: group,
        relation: (files) => relationOf(partition, files),
        query: mergeQuery,
        layout: compactedLayout,
        check: (relation, { rows }) => checkKeys(engine, relation, rows, partition.cluster),
        partKey: (writer) => rayLogPartKey({ ...partition, writer, sequence: number }),
        recordKey: rayLogCompactionKey({ ...partition, number }),
      });
    } finally {
      engine.close();
    }
  }
  return { merged: groups.flat().length, into: groups.length };
}

// Merged rows lie where the rows lay: what they say of that themselves is a claim.
function relationOf({ namespace, cluster }: RayLogPartition, files: string[]): string {
  const values = { namespace, cluster };
  const placed = files.map((file) => ({ file, values }));
  return placedRelation(rayLogShape, placed, Object.keys(values));
}

// A node that read its files again wrote the same key twice; the longer range has all of the
// shorter one.
function mergeQuery(relation: string): string {
  return (
    `SELECT * FROM ${relation} ` +
    `QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY byte_end DESC) = 1 ORDER BY ${key}`
  );
}

// As many rows as there are keys.
async function checkKeys(
  { connection }: ParquetEngine,
  relation: string,
  rows: number,
  cluster: string,
): Promise<void> {
  const reader = await connection.runAndReadAll(
    `SELECT count(*) FROM (SELECT DISTINCT ${key} FROM ${relation})`,
  );
  const [[expected]] = reader.getRows() as [[bigint]];
  if (BigInt(rows) !== expected) {
    throw new Error(
      `merging parts of cluster ${cluster} gave ${rows} rows for ${expected} keys; nothing ` +
        "was replaced",
    );
  }
}
