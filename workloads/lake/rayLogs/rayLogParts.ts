import {
  type CompactionRecord,
  type CurrentParts,
  currentParts,
  readCompactionRecords,
} from "../compaction/currentParts";
import { encodeKeyValue } from "../tables/keyParts";
import {
  parseRayLogCompactionKey,
  parseRayLogPartKey,
  rayLogCompactionsPrefix,
  type RayLogPartition,
  rayLogsPrefix,
} from "../tables/rayLogKeys";
import { listObjects, type ObjectFacts, type ObjectStore } from "../store/objectStore";
import { isWithin, type LakeSelection } from "../tables/lakeSelection";

/** First letter of a writer whose node lost an earlier writer's state and read its files again. */
export const repeatingWriter = "r";

interface Partition {
  partition: RayLogPartition;
  listed: ObjectFacts[];
  records: CompactionRecord[];
  nextNumber: number;
}

const dayMs = 86_400_000;
// Beyond as many days one listing of all is shorter than one a day.
const maxListedDays = 62;

/** One partition's parts. */
export interface PartitionParts extends CurrentParts {
  partition: RayLogPartition;
  /** The number of the next record. */
  nextNumber: number;
}

/** The Ray log parts of a selection, a partition each. */
export async function listRayLogPartitions(
  store: ObjectStore,
  selection: LakeSelection,
): Promise<PartitionParts[]> {
  const partitions = new Map<string, Partition>();
  const partitionOf = ({ namespace, date, cluster }: RayLogPartition) => {
    const id = [namespace, date, cluster].join("\n");
    const partition = { namespace, date, cluster };
    const found = partitions.get(id) ?? { partition, listed: [], records: [], nextNumber: 0 };
    partitions.set(id, found);
    return found;
  };
  for (const prefix of prefixesOf(selection)) {
    for await (const object of listObjects(store, prefix)) {
      const part = parseRayLogPartKey(object.key);
      if (part !== undefined && isWanted(part, selection)) {
        partitionOf(part).listed.push(object);
      }
    }
  }
  const records = await readCompactionRecords(store, recordsPrefix(selection), (key) => {
    const place = parseRayLogCompactionKey(key);
    return place !== undefined && isWanted(place, selection);
  });
  for (const { key, record } of records) {
    const place = parseRayLogCompactionKey(key)!;
    const found = partitionOf(place);
    found.records.push(record);
    found.nextNumber = Math.max(found.nextNumber, place.number + 1);
  }
  return [...partitions.values()].map(({ partition, listed, records, nextNumber }) => ({
    partition,
    ...currentParts(listed, records),
    nextNumber,
  }));
}

/** The Ray log parts of a selection. */
export async function listRayLogParts(
  store: ObjectStore,
  selection: LakeSelection,
): Promise<ObjectFacts[]> {
  return (await listRayLogPartitions(store, selection)).flatMap(({ parts }) => parts);
}

/**
 * Whether rows of these parts can repeat a key: a node read its files again under another writer.
 */
export function mayRepeatKeys(parts: readonly ObjectFacts[]): boolean {
  return parts.some(
    ({ key }) => parseRayLogPartKey(key)?.writer.startsWith(repeatingWriter) === true,
  );
}

function prefixesOf(selection: LakeSelection): string[] {
  const { namespace, since, until } = selection;
  const whole = [rayLogsPrefix(namespace)];
  if (namespace === undefined || since === undefined) {
    return whole;
  }
  const first = Math.floor(since.getTime() / dayMs);
  const last = Math.floor((until?.getTime() ?? Date.now() + dayMs) / dayMs);
  if (last - first >= maxListedDays) {
    return whole;
  }
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, day) =>
    rayLogsPrefix(namespace, new Date((first + day) * dayMs).toISOString().slice(0, 10)),
  );
}

function recordsPrefix({ namespace }: LakeSelection): string {
  return namespace === undefined
    ? rayLogCompactionsPrefix
    : `${rayLogCompactionsPrefix}${encodeKeyValue("namespace", namespace)}/`;
}

function isWanted(part: RayLogPartition, selection: LakeSelection): boolean {
  const { namespace, cluster } = selection;
  return (
    (namespace === undefined || part.namespace === namespace) &&
    (cluster === undefined || part.cluster === cluster) &&
    isWithin(Date.parse(`${part.date}T00:00:00Z`), dayMs, selection)
  );
}
