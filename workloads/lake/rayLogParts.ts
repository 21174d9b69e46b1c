import {
  encodeKeyValue,
  parseRayLogCompactionKey,
  parseRayLogPartKey,
  RAY_LOG_COMPACTIONS_PREFIX,
  type RayLogPart,
  rayLogCompactionKey,
  type RayLogPartition,
  rayLogsPrefix,
} from "./lakeLayout";
import { listObjects, type ObjectFacts, type ObjectStore } from "./objectStore";
import { isWithin, type LakeSelection } from "./query";

/**
 * Says that one part stands for others, at `raylogs/_compacted/<namespace>/<date>/<cluster>/<number>.json`.
 * A compacted part is read only by its record, and what a record replaces is read no more: putting it is
 * the one step in which readers go from the old parts to the new one. It stays as long as the part.
 */
export interface RayLogCompaction {
  version: 1;
  part: { key: string; bytes: number; sha256: string; rows: number };
  replaces: string[];
  /** When it was put; the replaced parts are deleted some time later, for readers that listed before. */
  at: string;
}

/** Writer of compacted parts, before the hash of what they were made from. */
export const COMPACTED_WRITER = "compacted";
/** First letter of a writer whose node lost an earlier writer's state and read its files again. */
export const REPEATING_WRITER = "r";

const DAY_MS = 86_400_000;
// Beyond as many days one listing of all is shorter than one a day.
const MAX_LISTED_DAYS = 62;

/** Puts a record; rejects with ObjectExistsError where another keeper took this number. */
export async function putRayLogCompaction(
  store: ObjectStore,
  partition: RayLogPartition,
  number: number,
  record: RayLogCompaction,
): Promise<void> {
  const body = Buffer.from(`${JSON.stringify(record, null, 1)}\n`, "utf8");
  const key = rayLogCompactionKey({ ...partition, number });
  await store.put(key, body, { contentType: "application/json", onlyIfAbsent: true });
}

/** One partition's parts: those to read, and what compaction has left over. */
export interface PartitionParts {
  partition: RayLogPartition;
  /** To read: parts as they came, and compacted ones. */
  parts: ObjectFacts[];
  /** In a record, and not deleted yet. */
  replaced: { object: ObjectFacts; at: Date }[];
  /** Compacted parts without a record: a keeper ended before it put one. */
  orphans: ObjectFacts[];
  /** The number of the next record. */
  nextNumber: number;
}

/** The Ray log parts of a selection, a partition each. */
export async function listRayLogPartitions(
  store: ObjectStore,
  selection: LakeSelection,
): Promise<PartitionParts[]> {
  const partitions = new Map<string, PartitionParts>();
  const partitionOf = ({ namespace, date, cluster }: RayLogPartition) => {
    const id = [namespace, date, cluster].join("\n");
    const found = partitions.get(id) ?? {
      partition: { namespace, date, cluster },
      parts: [],
      replaced: [],
      orphans: [],
      nextNumber: 0,
    };
    partitions.set(id, found);
    return found;
  };
  const listed: { object: ObjectFacts; part: RayLogPart }[] = [];
  for (const prefix of prefixesOf(selection)) {
    for await (const object of listObjects(store, prefix)) {
      const part = parseRayLogPartKey(object.key);
      if (part !== undefined && isWanted(part, selection)) {
        listed.push({ object, part });
      }
    }
  }
  // After the parts: what a record of meanwhile replaces was listed, and the record itself names its part.
  const replacedAt = new Map<string, Date>();
  for await (const { key } of listObjects(store, recordsPrefix(selection))) {
    const place = parseRayLogCompactionKey(key);
    if (place === undefined || !isWanted(place, selection)) {
      continue;
    }
    const record = JSON.parse((await store.get(key)).toString("utf8")) as RayLogCompaction;
    const at = new Date(record.at);
    const found = partitionOf(place);
    found.nextNumber = Math.max(found.nextNumber, place.number + 1);
    record.replaces.forEach((each) => replacedAt.set(each, at));
    const { key: partKey, bytes, sha256 } = record.part;
    found.parts.push({ key: partKey, bytes, etag: sha256, modified: at });
  }
  const recorded = new Set(
    [...partitions.values()].flatMap(({ parts }) => parts.map(({ key }) => key)),
  );
  for (const { object, part } of listed) {
    const at = replacedAt.get(object.key);
    const found = partitionOf(part);
    if (at !== undefined) {
      found.replaced.push({ object, at });
    } else if (!part.writer.startsWith(COMPACTED_WRITER)) {
      found.parts.push(object);
    } else if (!recorded.has(object.key)) {
      found.orphans.push(object);
    }
  }
  for (const found of partitions.values()) {
    // A compacted part can be compacted again, and its own record stays.
    found.parts = found.parts.filter(({ key }) => !replacedAt.has(key));
  }
  return [...partitions.values()];
}

/** The Ray log parts of a selection. */
export async function listRayLogParts(
  store: ObjectStore,
  selection: LakeSelection,
): Promise<ObjectFacts[]> {
  return (await listRayLogPartitions(store, selection)).flatMap(({ parts }) => parts);
}

/** Whether rows of these parts can repeat a key: a node read its files again under another writer. */
export function mayRepeatKeys(parts: readonly ObjectFacts[]): boolean {
  return parts.some(
    ({ key }) => parseRayLogPartKey(key)?.writer.startsWith(REPEATING_WRITER) === true,
  );
}

function prefixesOf(selection: LakeSelection): string[] {
  const { namespace, since, until } = selection;
  const whole = [rayLogsPrefix(namespace)];
  if (namespace === undefined || since === undefined) {
    return whole;
  }
  const first = Math.floor(since.getTime() / DAY_MS);
  const last = Math.floor((until?.getTime() ?? Date.now() + DAY_MS) / DAY_MS);
  if (last - first >= MAX_LISTED_DAYS) {
    return whole;
  }
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, day) =>
    rayLogsPrefix(namespace, new Date((first + day) * DAY_MS).toISOString().slice(0, 10)),
  );
}

function recordsPrefix({ namespace }: LakeSelection): string {
  return namespace === undefined
    ? RAY_LOG_COMPACTIONS_PREFIX
    : `${RAY_LOG_COMPACTIONS_PREFIX}${encodeKeyValue("namespace", namespace)}/`;
}

function isWanted(part: RayLogPartition, selection: LakeSelection): boolean {
  const { namespace, cluster } = selection;
  return (
    (namespace === undefined || part.namespace === namespace) &&
    (cluster === undefined || part.cluster === cluster) &&
    isWithin(Date.parse(`${part.date}T00:00:00Z`), DAY_MS, selection)
  );
}
