import {
  decodeKeyValue,
  INFERENCE_EVENTS_PREFIX,
  INFERENCE_IDS_PREFIX,
  INFERENCE_PAIRED_PREFIX,
  inferencesPrefix,
  type InferencesRoot,
  parseInferenceEventsPartKey,
  parseInferenceIdsPartKey,
  parseInferencePairedPartKey,
} from "./lakeLayout";
import { listObjects, type ObjectFacts, type ObjectStore } from "./objectStore";
import { isWithin, type LakeSelection } from "./query";

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

const HOUR_MS = 3_600_000;
// Events come as several objects a minute. Once an hour can change no more its pairs stand for them.
const CHANGING_MS = 26 * HOUR_MS;
const LISTS_AT_ONCE = 8;

/**
 * Lists what a selection's hours hold, keyed by `hourId`. Events of an hour that is over for more than a day
 * are listed only where it has no pairs.
 */
export async function listInferenceHours(
  store: ObjectStore,
  selection: LakeSelection,
  now = Date.now(),
): Promise<Map<string, InferenceHour>> {
  const hours = new Map<string, InferenceHour>();
  const place = (part: { namespace: string; date: string; hour: number } | undefined) => {
    const start = part === undefined ? Number.NaN : hourStart(part);
    if (part === undefined || !isWithin(start, HOUR_MS, selection)) {
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
  for (const prefix of await datePrefixes(store, INFERENCE_PAIRED_PREFIX, selection)) {
    for await (const object of listObjects(store, prefix)) {
      place(parseInferencePairedPartKey(object.key))?.paired.push(object);
    }
  }
  for (const prefix of await datePrefixes(store, INFERENCE_IDS_PREFIX, selection)) {
    for await (const object of listObjects(store, prefix)) {
      place(parseInferenceIdsPartKey(object.key))?.ids.push(object);
    }
  }
  const prefixes = await hourPrefixes(store, selection, (namespace, start) => {
    const isPaired = (hours.get(hourId(namespace, start))?.paired.length ?? 0) > 0;
    return !isPaired || start + CHANGING_MS > now;
  });
  await inParallel(prefixes, async (prefix) => {
    for await (const object of listObjects(store, prefix)) {
      place(parseInferenceEventsPartKey(object.key))?.events.push(object);
    }
  });
  return hours;
}

async function listEvents(
  store: ObjectStore,
  { namespace, start }: InferenceHour,
): Promise<ObjectFacts[]> {
  const time = new Date(start).toISOString();
  const date = inferencesPrefix(INFERENCE_EVENTS_PREFIX, namespace, time.slice(0, 10));
  const events: ObjectFacts[] = [];
  for await (const object of listObjects(store, `${date}hour=${time.slice(11, 13)}/`)) {
    events.push(object);
  }
  return events;
}

/** Sorts by namespace, then time. */
export function hourId(namespace: string, start: number): string {
  return `${namespace}/${String(start).padStart(16, "0")}`;
}

/** Whether events came after the hour was paired. Stores keep whole seconds: equal times may mean that. */
export function isChanged({ events, paired }: InferenceHour): boolean {
  return events.length > 0 && latest(events) >= latest(paired);
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
    for (const near of [start - HOUR_MS, start, start + HOUR_MS]) {
      const id = hourId(namespace, near);
      const beside = hours.get(id);
      open.add(id);
      if (beside !== undefined && beside.events.length === 0) {
        beside.events = await listEvents(store, beside);
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

function latest(objects: ObjectFacts[]): number {
  return Math.max(0, ...objects.map(({ modified }) => modified.getTime()));
}

function hourStart({ date, hour }: { date: string; hour: number }): number {
  return Date.parse(`${date}T00:00:00Z`) + hour * HOUR_MS;
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

async function hourPrefixes(
  store: ObjectStore,
  selection: LakeSelection,
  isWanted: (namespace: string, start: number) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for (const namespace of await namespacesOf(store, INFERENCE_EVENTS_PREFIX, selection)) {
    const dates = await datesOf(store, INFERENCE_EVENTS_PREFIX, namespace, selection);
    await inParallel(dates, async (prefix) => {
      const date = prefix.slice(-11, -1);
      for (const folder of await store.listFolders(prefix)) {
        const hour = /^hour=(\d{2})\/$/.exec(folder)?.[1];
        const start = hourStart({ date, hour: Number(hour ?? Number.NaN) });
        if (isWithin(start, HOUR_MS, selection) && isWanted(namespace, start)) {
          found.push(prefix + folder);
        }
      }
    });
  }
  return found.sort();
}

async function namespacesOf(
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

async function datesOf(
  store: ObjectStore,
  root: InferencesRoot,
  namespace: string,
  selection: LakeSelection,
): Promise<string[]> {
  const folders = await store.listFolders(inferencesPrefix(root, namespace));
  return folders.flatMap((folder) => {
    const date = /^date=(\d{4}-\d{2}-\d{2})\/$/.exec(folder)?.[1];
    const isWanted =
      date !== undefined && isWithin(Date.parse(`${date}T00:00:00Z`), 24 * HOUR_MS, selection);
    return isWanted ? [inferencesPrefix(root, namespace, date)] : [];
  });
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await work(next);
    }
  };
  await Promise.all(Array.from({ length: LISTS_AT_ONCE }, worker));
}
