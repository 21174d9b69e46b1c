import { listHourEvents } from "./inferenceEventsParts";
import { decodeKeyValue } from "../tables/keyParts";
import {
  inferenceEventsPrefix,
  inferenceIdsPrefix,
  inferencePairedPrefix,
  type InferencePartition,
  inferencesPrefix,
  type InferencesRoot,
  parseInferenceIdsPartKey,
  parseInferencePairedPartKey,
} from "../tables/inferenceKeys";
import { listObjects, type ObjectFacts, type ObjectStore } from "../store/objectStore";
import { isWithin, type LakeSelection } from "../tables/lakeSelection";
import { inParallel } from "../service/inParallel";

/** An hour of one namespace, and what lies in it. */
export interface InferenceHour {
  namespace: string;
  /** Milliseconds since 1970. */
  start: number;
  /** Empty where they weren't listed: see `listInferenceHours`. */
  events: ObjectFacts[];
  paired: ObjectFacts[];
  /** Ids of paired parts. */
  ids: ObjectFacts[];
}

/** What the `inferences` table is made of. */
export interface InferenceHours {
  /** Parts that hold each of their predictions once, and no other part has it. */
  settled: ObjectFacts[];
  /** Parts of which a later one, or events, may complete a row. */
  paired: ObjectFacts[];
  /** Events of the hours that aren't paired (fully) yet, and of the hours beside them. */
  events: ObjectFacts[];
  /** Starts of the hours whose predictions come from events. */
  unpaired: number[];
  /** All hours, for a search. */
  hours: InferenceHour[];
}

const hourMs = 3_600_000;
// Events come as several objects a minute. Once an hour can change no more its pairs stand for
// them.
const changingMs = 26 * hourMs;

/**
 * Lists what a selection's hours hold, keyed by `hourId`. Events of an hour that is over for more
 * than a day are listed only where it has no pairs.
 */
export async function listInferenceHours(
  store: ObjectStore,
  selection: LakeSelection,
  now = Date.now(),
): Promise<Map<string, InferenceHour>> {
  const hours = new Map<string, InferenceHour>();
  const place = (part: { namespace: string; date: string; hour: number } | undefined) => {
    const start = part === undefined ? Number.NaN : hourStart(part);
    if (part === undefined || !isWithin(start, hourMs, selection)) {
      return undefined;
    }
    const id = hourId(part.namespace, start);
    const found = hours.get(id) ?? {
      namespace: part.namespace,
      start,
      events: [],
      paired: [],
      ids: [],
    };
    hours.set(id, found);
    return found;
  };
  for (const prefix of await datePrefixes(store, inferencePairedPrefix, selection)) {
    for await (const object of listObjects(store, prefix)) {
      place(parseInferencePairedPartKey(object.key))?.paired.push(object);
    }
  }
  for (const prefix of await datePrefixes(store, inferenceIdsPrefix, selection)) {
    for await (const object of listObjects(store, prefix)) {
      place(parseInferenceIdsPartKey(object.key))?.ids.push(object);
    }
  }
  const partitions = await hourPartitions(store, selection, (namespace, start) => {
    const isPaired = (hours.get(hourId(namespace, start))?.paired.length ?? 0) > 0;
    return !isPaired || start + changingMs > now;
  });
  await inParallel(partitions, async (partition) => {
    place(partition)?.events.push(...(await listHourEvents(store, partition)));
  });
  return hours;
}

/** Where an hour's objects lie. */
export function partitionOf({
  namespace,
  start,
}: Pick<InferenceHour, "namespace" | "start">): InferencePartition {
  const time = new Date(start);
  return { namespace, date: time.toISOString().slice(0, 10), hour: time.getUTCHours() };
}

/** Sorts by namespace, then time. */
export function hourId(namespace: string, start: number): string {
  return `${namespace}/${String(start).padStart(16, "0")}`;
}

/**
 * Whether the hour has parts of events that its pairs don't cover. A count, not a time: a part of
 * events that came while the hour was being paired is older than the pairs, and not among them.
 */
export function isChanged({ events, ids }: InferenceHour): boolean {
  const covered = ids.map(({ key }) => parseInferenceIdsPartKey(key)!.covered);
  return events.length > Math.max(0, ...covered);
}

/** Decides which hours are read from paired parts and which are paired on the way. */
export async function inferencesHours(
  store: ObjectStore,
  selection: LakeSelection,
): Promise<InferenceHours> {
  const hours = await listInferenceHours(store, selection);
  const unpaired = new Set<number>();
  const events = new Map<string, ObjectFacts>();
  // Hours of which an unpaired one may hold the answers.
  const open = new Set<string>();
  for (const { namespace, start } of [...hours.values()].filter(isChanged)) {
    unpaired.add(start);
    for (const near of [start - hourMs, start, start + hourMs]) {
      const id = hourId(namespace, near);
      const beside = hours.get(id);
      open.add(id);
      if (beside !== undefined && beside.events.length === 0) {
        beside.events = await listHourEvents(store, partitionOf(beside));
      }
      beside?.events.forEach((each) => events.set(each.key, each));
    }
  }
  const settled: ObjectFacts[] = [];
  const paired: ObjectFacts[] = [];
  for (const [id, hour] of hours) {
    (open.has(id) || hour.paired.length > 1 ? paired : settled).push(...hour.paired);
  }
  return {
    settled,
    paired,
    events: [...events.values()],
    unpaired: [...unpaired],
    hours: [...hours.values()],
  };
}

/** When an hour begins, in milliseconds since 1970. */
export function hourStart({ date, hour }: { date: string; hour: number }): number {
  return Date.parse(`${date}T00:00:00Z`) + hour * hourMs;
}

// Where all of a root is asked for, one listing of it is shorter than one a day.
async function datePrefixes(
  store: ObjectStore,
  root: InferencesRoot,
  selection: LakeSelection,
): Promise<string[]> {
  if (selection.since === undefined) {
    return [inferencesPrefix(root, selection.namespace)];
  }
  const namespaces = await namespacesOf(store, root, selection);
  return (
    await Promise.all(namespaces.map((each) => datesOf(store, root, each, selection)))
  ).flat();
}

/** When the day of a prefix begins, in milliseconds since 1970. */
export function dayOf(prefix: string): number {
  return Date.parse(`${prefix.slice(-11, -1)}T00:00:00Z`);
}

async function hourPartitions(
  store: ObjectStore,
  selection: LakeSelection,
  isWanted: (namespace: string, start: number) => boolean,
): Promise<InferencePartition[]> {
  const found: InferencePartition[] = [];
  for (const namespace of await namespacesOf(store, inferenceEventsPrefix, selection)) {
    const dates = await datesOf(store, inferenceEventsPrefix, namespace, selection);
    await inParallel(dates, async (prefix) => {
      const date = prefix.slice(-11, -1);
      for (const folder of await store.listFolders(prefix)) {
        const hour = /^hour=(\d{2})\/$/.exec(folder)?.[1];
        const start = hourStart({ date, hour: Number(hour ?? Number.NaN) });
        if (isWithin(start, hourMs, selection) && isWanted(namespace, start)) {
          found.push({ namespace, date, hour: Number(hour) });
        }
      }
    });
  }
  return found;
}

/** The namespaces that have something below a root, or the selected one. */
export async function namespacesOf(
  store: ObjectStore,
  root: InferencesRoot,
  selection: LakeSelection,
): Promise<string[]> {
  if (selection.namespace !== undefined) {
    return [selection.namespace];
  }
  const folders = await store.listFolders(root);
  return folders.flatMap((folder) => {
    const encoded = /^namespace=([^/]+)\/$/.exec(folder)?.[1];
    return encoded === undefined ? [] : [decodeKeyValue(encoded)];
  });
}

/**
 * The prefixes of the days that a namespace has below a root, and that touch the selection's time.
 */
export async function datesOf(
  store: ObjectStore,
  root: InferencesRoot,
  namespace: string,
  selection: LakeSelection,
): Promise<string[]> {
  const folders = await store.listFolders(inferencesPrefix(root, namespace));
  return folders.flatMap((folder) => {
    const date = /^date=(\d{4}-\d{2}-\d{2})\/$/.exec(folder)?.[1];
    const isWanted =
      date !== undefined && isWithin(Date.parse(`${date}T00:00:00Z`), 24 * hourMs, selection);
    return isWanted ? [inferencesPrefix(root, namespace, date)] : [];
  });
}
