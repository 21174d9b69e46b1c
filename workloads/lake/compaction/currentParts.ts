import { posix } from "node:path";
import { listObjects, type ObjectFacts, type ObjectStore } from "../store/objectStore";

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

/** First letters of the writer of a merged part. */
export const compactedWriter = "compacted";

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
