import type { DuckDBConnection } from "@duckdb/node-api";
import type { ObjectCache } from "../store/objectCache";
import type { InferenceHours } from "./inferenceHours";
import { inferencePairedPartKey, parseInferenceIdsPartKey } from "../tables/inferenceKeys";
import type { ObjectFacts } from "../store/objectStore";
import { literal } from "../duckdb/parquetEngine";

/**
 * Leaves the paired parts that may have a prediction: those whose ids do, and those whose ids
 * weren't written yet. Events are all left, because they have no list of ids.
 */
export async function hoursOf(
  cache: ObjectCache,
  connection: DuckDBConnection,
  all: InferenceHours,
  predictionId: string,
): Promise<InferenceHours> {
  const ids = all.hours.flatMap((hour) => hour.ids);
  const listed = new Set(ids.map(pairedKeyOf));
  const having = await idsWith(cache, connection, ids, predictionId);
  const mayHave = ({ key }: ObjectFacts) => having.has(key) || !listed.has(key);
  return { ...all, settled: all.settled.filter(mayHave), paired: all.paired.filter(mayHave) };
}

async function idsWith(
  cache: ObjectCache,
  connection: DuckDBConnection,
  ids: ObjectFacts[],
  predictionId: string,
): Promise<Set<string>> {
  if (ids.length === 0) {
    return new Set();
  }
  const { files, release } = await cache.acquire(ids);
  try {
    const reader = await connection.runAndReadAll(
      `SELECT DISTINCT filename FROM read_parquet([${files.map(literal).join(", ")}],
         filename = true)
       WHERE id_hash = md5_number_lower($id)`,
      { id: predictionId },
    );
    return new Set(
      reader
        .getRowObjectsJS()
        .map(({ filename }) => pairedKeyOf(ids[files.indexOf(String(filename))]!)),
    );
  } finally {
    release();
  }
}

/** Key of the paired part whose ids an object has. */
function pairedKeyOf({ key }: ObjectFacts): string {
  return inferencePairedPartKey(parseInferenceIdsPartKey(key)!);
}
