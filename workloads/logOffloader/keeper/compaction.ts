import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import * as path from "node:path";
import {
  COMPACTED_WRITER,
  failpoint,
  literal,
  type ObjectFacts,
  type ObjectStore,
  openParquetEngine,
  type ParquetEngine,
  type PartitionParts,
  putRayLogCompaction,
  quoted,
  rayLogPartKey,
  rayLogShape,
  writeQuery,
} from "@mlplatform/lake";

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
const ENGINE_MIB = 512;
const COMPACTED_LAYOUT = "PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1000";

/**
 * Merges a partition's parts into ones of at least the target size. Readers see the old parts until the
 * record is put and the new one afterwards, never both; a run that is killed anywhere leaves at most a
 * part without a record, which no one reads and the next run writes anew or deletes.
 */
export async function compactPartition(
  options: CompactionOptions,
  found: PartitionParts,
): Promise<CompactionResult> {
  const result: CompactionResult = { merged: 0, into: 0 };
  let number = found.nextNumber;
  for (const group of groupsOf(found.parts, options.targetBytes)) {
    await mergeGroup(options, found, group, number);
    number += 1;
    result.merged += group.length;
    result.into += 1;
  }
  return result;
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

async function mergeGroup(
  options: CompactionOptions,
  { partition }: PartitionParts,
  group: readonly ObjectFacts[],
  number: number,
): Promise<void> {
  const { store, workDirectory } = options;
  await fs.rm(workDirectory, { recursive: true, force: true });
  await fs.mkdir(workDirectory, { recursive: true, mode: 0o700 });
  const engine = await openParquetEngine({
    temporaryDirectory: path.join(workDirectory, "spill"),
    memoryMiB: ENGINE_MIB,
  });
  try {
    const files: string[] = [];
    for (const [index, { key }] of group.entries()) {
      const file = path.join(workDirectory, `part-${index}.parquet`);
      await store.getFile(key, file);
      files.push(file);
    }
    const merged = path.join(workDirectory, "merged.parquet");
    const written = await writeQuery(engine, mergeQuery(files), merged, COMPACTED_LAYOUT);
    await checkSame(engine, files, written.rows, partition.cluster);
    failpoint("keeper.merged");
    const keys = group.map(({ key }) => key);
    const inputs = createHash("sha256").update(keys.join("\n")).digest("hex").slice(0, 16);
    const writer = `${COMPACTED_WRITER}${inputs}`;
    const key = rayLogPartKey({ ...partition, writer, sequence: number });
    await store.putFile(key, merged);
    failpoint("keeper.put");
    await putRayLogCompaction(store, partition, number, {
      version: 1,
      part: { key, bytes: written.bytes, sha256: written.sha256, rows: written.rows },
      replaces: keys,
      at: new Date().toISOString(),
    });
    failpoint("keeper.recorded");
  } finally {
    engine.close();
    await fs.rm(workDirectory, { recursive: true, force: true });
  }
}

// A node that read its files again wrote the same key twice; the longer range has all of the shorter one.
function mergeQuery(files: readonly string[]): string {
  const key = rayLogShape.key.map(quoted).join(", ");
  return (
    `SELECT * FROM ${relationOf(files)} ` +
    `QUALIFY row_number() OVER (PARTITION BY ${key} ORDER BY byte_end DESC) = 1 ORDER BY ${key}`
  );
}

function relationOf(files: readonly string[]): string {
  return `read_parquet([${files.map(literal).join(", ")}], hive_partitioning = false, union_by_name = true)`;
}

// Before anything is replaced: as many rows as there are keys.
async function checkSame(
  { connection }: ParquetEngine,
  files: readonly string[],
  rows: number,
  cluster: string,
): Promise<void> {
  const key = rayLogShape.key.map(quoted).join(", ");
  const reader = await connection.runAndReadAll(
    `SELECT count(*) FROM (SELECT DISTINCT ${key} FROM ${relationOf(files)})`,
  );
  const [[expected]] = reader.getRows() as [[bigint]];
  if (BigInt(rows) !== expected) {
    throw new Error(
      `merging ${files.length} parts of cluster ${cluster} gave ${rows} rows for ${expected} keys; ` +
        `nothing was replaced`,
    );
  }
}
