import type { DuckDBConnection } from "@duckdb/node-api";
import { type PlacedFile, placedRelation } from "../duckdb/placedRelation";
import type { ObjectFacts } from "../store/objectStore";
import { UnreadableObjectError } from "../store/unreadableObject";
import { parseRayLogPartKey } from "../tables/rayLogKeys";
import { rayLogShape } from "../tables/rayLogShape";
import { emptyRelation } from "../tables/tableShape";
import { mayRepeatKeys } from "./rayLogParts";

/** A part of Ray's logs, and the file that holds a copy of it. */
export interface LocatedPart {
  part: ObjectFacts;
  file: string;
}

/**
 * Makes the view `raylogs` of parts: a row's namespace and cluster are its object's.
 *
 * @param onUnreadable told of each part that is left out because it is no Parquet file
 * @throws UnreadableObjectError for such a part where nobody is told
 */
export async function createRayLogsView(
  connection: DuckDBConnection,
  parts: readonly LocatedPart[],
  onUnreadable?: (error: UnreadableObjectError) => void,
): Promise<void> {
  try {
    await connection.run(`CREATE VIEW raylogs AS ${rayLogsQuery(parts)}`);
  } catch (error) {
    // One by one only now: nearly always all can be read.
    const unreadable = await unreadableParts(connection, parts);
    const [first] = unreadable.values();
    if (first === undefined) {
      throw error;
    }
    if (onUnreadable === undefined) {
      throw first;
    }
    [...unreadable.values()].forEach(onUnreadable);
    const rest = parts.filter((part) => !unreadable.has(part));
    await connection.run(`CREATE VIEW raylogs AS ${rayLogsQuery(rest)}`);
  }
}

// A node that lost its state directory reads its files again under a new writer: the same key
// twice. Where no writer is such a one there can be no repetition, and no sort is paid for.
function rayLogsQuery(parts: readonly LocatedPart[]): string {
  if (parts.length === 0) {
    return emptyRelation(rayLogShape);
  }
  const relation = placedRelation(rayLogShape, parts.map(placedFile), ["namespace", "cluster"]);
  return mayRepeatKeys(parts.map(({ part }) => part))
    ? `SELECT * FROM ${relation} QUALIFY row_number() OVER (
         PARTITION BY namespace, cluster, node, file_uid, byte_start ORDER BY byte_end DESC) = 1`
    : `SELECT * FROM ${relation}`;
}

function placedFile({ part, file }: LocatedPart): PlacedFile {
  const { namespace, cluster } = parseRayLogPartKey(part.key)!;
  return { file, values: { namespace, cluster } };
}

async function unreadableParts(
  connection: DuckDBConnection,
  parts: readonly LocatedPart[],
): Promise<Map<LocatedPart, UnreadableObjectError>> {
  const unreadable = new Map<LocatedPart, UnreadableObjectError>();
  for (const located of parts) {
    try {
      await connection.run(`DESCRIBE ${rayLogsQuery([located])}`);
    } catch (error) {
      const { key } = located.part;
      const problem = (error as Error).message.replaceAll(located.file, key);
      unreadable.set(located, new UnreadableObjectError(key, problem));
    }
  }
  return unreadable;
}
