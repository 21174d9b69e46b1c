import {
  INFERENCE_EVENTS_PREFIX,
  INFERENCE_PAIRED_PREFIX,
  inferencesPrefix,
  parseInferenceEventsPartKey,
  parseInferencePairedPartKey,
} from "./lakeLayout";
import { listObjects, type ObjectFacts, type ObjectStore } from "./objectStore";
import { isWithin, type LakeSelection } from "./query";

/** An hour of one namespace, and what lies in it. */
export interface InferenceHour {
  namespace: string;
  /** Milliseconds since 1970. */
  start: number;
  events: ObjectFacts[];
  paired: ObjectFacts[];
}

/** What the `inferences` table is made of. */
export interface InferenceHours {
  paired: ObjectFacts[];
  /** Events of the hours that aren't paired (fully) yet, and of the hours beside them. */
  events: ObjectFacts[];
  /** Starts of the hours whose predictions come from events. */
  unpaired: number[];
}

const HOUR_MS = 3_600_000;

/** Lists events and paired parts by hour, keyed by `hourId`. */
export async function listInferenceHours(
  store: ObjectStore,
  selection: LakeSelection,
): Promise<Map<string, InferenceHour>> {
  const hours = new Map<string, InferenceHour>();
  const place = (part: { namespace: string; date: string; hour: number } | undefined) => {
    const start =
      part === undefined ? Number.NaN : Date.parse(`${part.date}T00:00:00Z`) + part.hour * HOUR_MS;
    if (part === undefined || !isWithin(start, HOUR_MS, selection)) {
      return undefined;
    }
    const id = hourId(part.namespace, start);
    const found = hours.get(id) ?? { namespace: part.namespace, start, events: [], paired: [] };
    hours.set(id, found);
    return found;
  };
  const { namespace } = selection;
  for await (const object of listObjects(
    store,
    inferencesPrefix(INFERENCE_EVENTS_PREFIX, namespace),
  )) {
    place(parseInferenceEventsPartKey(object.key))?.events.push(object);
  }
  for await (const object of listObjects(
    store,
    inferencesPrefix(INFERENCE_PAIRED_PREFIX, namespace),
  )) {
    place(parseInferencePairedPartKey(object.key))?.paired.push(object);
  }
  return hours;
}

/** Sorts by namespace, then time. */
export function hourId(namespace: string, start: number): string {
  return `${namespace}/${String(start).padStart(16, "0")}`;
}

/** Decides which hours are read from paired parts and which are paired on the way. */
export async function inferencesHours(
  store: ObjectStore,
  selection: LakeSelection,
): Promise<InferenceHours> {
  const hours = await listInferenceHours(store, selection);
  const unpaired: number[] = [];
  const events = new Map<string, ObjectFacts>();
  for (const { namespace, start, events: own, paired } of hours.values()) {
    // Stores keep whole seconds: equal times may mean that an event came after.
    if (own.length > 0 && latest(own) >= latest(paired)) {
      unpaired.push(start);
      for (const near of [start - HOUR_MS, start, start + HOUR_MS]) {
        hours.get(hourId(namespace, near))?.events.forEach((each) => events.set(each.key, each));
      }
    }
  }
  return {
    paired: [...hours.values()].flatMap(({ paired }) => paired),
    events: [...events.values()],
    unpaired: [...new Set(unpaired)],
  };
}

function latest(objects: ObjectFacts[]): number {
  return Math.max(0, ...objects.map(({ modified }) => modified.getTime()));
}
