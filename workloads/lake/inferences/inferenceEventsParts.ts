import {
  type CurrentParts,
  currentParts,
  isCompacted,
  readCompactionRecords,
} from "../compaction/currentParts";
import {
  inferenceCompactionsPrefix,
  inferenceEventsPrefix,
  inferenceHourPrefix,
  type InferencePartition,
  inferencesPrefix,
  parseInferenceCompactionNumber,
  parseInferenceEventsPartKey,
} from "../tables/inferenceKeys";
import { listObjects, type ObjectFacts, type ObjectStore } from "../store/objectStore";
import { inParallel } from "../service/inParallel";

/** An hour's parts of events, as its merges left them. */
export interface EventsHour extends CurrentParts {
  partition: InferencePartition;
  /** The number of the next record. */
  nextNumber: number;
}

/** Lists all parts of events below a prefix, an hour each: those too that others stand for. */
export async function listEventsHours(
  store: ObjectStore,
  prefix: string,
  isWanted: (partition: InferencePartition) => boolean = () => true,
): Promise<{ partition: InferencePartition; listed: ObjectFacts[] }[]> {
  const hours = new Map<string, { partition: InferencePartition; listed: ObjectFacts[] }>();
  for await (const object of listObjects(store, prefix)) {
    const part = parseInferenceEventsPartKey(object.key);
    if (part === undefined || !isWanted(part)) {
      continue;
    }
    const { namespace, date, hour } = part;
    const id = [namespace, date, hour].join("\n");
    const found = hours.get(id) ?? { partition: { namespace, date, hour }, listed: [] };
    found.listed.push(object);
    hours.set(id, found);
  }
  return [...hours.values()];
}

/** Tells an hour's listed parts apart by the records of its merges. */
export async function readEventsHour(
  store: ObjectStore,
  partition: InferencePartition,
  listed: readonly ObjectFacts[],
): Promise<EventsHour> {
  const prefix = inferenceHourPrefix(inferenceCompactionsPrefix, partition);
  const isRecord = (key: string) => parseInferenceCompactionNumber(key) !== undefined;
  const records = await readCompactionRecords(store, prefix, isRecord);
  const numbers = records.map(({ key }) => parseInferenceCompactionNumber(key)!);
  return {
    partition,
    ...currentParts(
      listed,
      records.map(({ record }) => record),
    ),
    nextNumber: Math.max(-1, ...numbers) + 1,
  };
}

/**
 * The parts to read of those that were listed of an hour. Records are looked at only where they can
 * matter: what a merge replaces stays for hours, so a listing without a merged part has all that it
 * was made from, and a merged part that is alone has nothing beside it that it could stand for.
 */
async function currentEvents(
  store: ObjectStore,
  partition: InferencePartition,
  listed: ObjectFacts[],
): Promise<ObjectFacts[]> {
  return listed.length === 1 || !listed.some(isCompacted)
    ? listed
    : (await readEventsHour(store, partition, listed)).parts;
}

/** The parts to read of an hour. */
export async function listHourEvents(
  store: ObjectStore,
  partition: InferencePartition,
): Promise<ObjectFacts[]> {
  const prefix = inferenceHourPrefix(inferenceEventsPrefix, partition);
  const [hour] = await listEventsHours(store, prefix);
  return hour === undefined ? [] : currentEvents(store, partition, hour.listed);
}

/** The parts to read of all wanted hours of a namespace, or of all namespaces. */
export async function listEventsParts(
  store: ObjectStore,
  namespace: string | undefined,
  isWanted: (partition: InferencePartition) => boolean,
): Promise<ObjectFacts[]> {
  const prefix = inferencesPrefix(inferenceEventsPrefix, namespace);
  const hours = await listEventsHours(store, prefix, isWanted);
  const parts: ObjectFacts[] = [];
  await inParallel(hours, async ({ partition, listed }) => {
    parts.push(...(await currentEvents(store, partition, listed)));
  });
  return parts;
}
