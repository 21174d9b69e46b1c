import { datesOf, dayOf, namespacesOf } from "@mlplatform/lake/inferences/inferenceHours";
import { listObjects, type ObjectStore } from "@mlplatform/lake/store/objectStore";
import {
  inferenceBlobsPrefix,
  inferenceCompactionsPrefix,
  inferenceEventsPrefix,
  inferenceIdsPrefix,
  inferencePairedPrefix,
  type InferencesRoot,
} from "@mlplatform/lake/tables/inferenceKeys";

/** How long predictions are kept, in days; undefined: for ever. */
export interface Retention {
  /** Of namespaces that aren't named. */
  days?: number;
  byNamespace: ReadonlyMap<string, number>;
}

const dayMs = 24 * 3_600_000;
// Rows before what they are made of: an hour whose events are gone can't be paired again. Records
// of merges before parts: a record names a part that is to be read.
const roots: InferencesRoot[] = [
  inferenceIdsPrefix,
  inferencePairedPrefix,
  inferenceCompactionsPrefix,
  inferenceEventsPrefix,
  inferenceBlobsPrefix,
];

/**
 * Reads `models=30,churn=400`.
 *
 * @throws Error naming the part that can't be read.
 */
export function readRetention(days: number | undefined, text: string): Retention {
  const byNamespace = new Map<string, number>();
  for (const part of text.split(",").map((each) => each.trim())) {
    const match = /^([^=]+)=(\d{1,5})$/.exec(part);
    if (part !== "" && (match === null || Number(match[2]) === 0)) {
      throw new Error(`must be namespace=days, separated by commas, got ${JSON.stringify(part)}`);
    }
    if (match !== null) {
      byNamespace.set(match[1]!, Number(match[2]));
    }
  }
  return { days, byNamespace };
}

/**
 * Deletes whole days that are older than their namespace keeps them. Returns the number of objects.
 */
export async function deleteExpired(
  store: ObjectStore,
  retention: Retention,
  now: number,
): Promise<number> {
  let deleted = 0;
  for (const root of roots) {
    for (const namespace of await namespacesOf(store, root, {})) {
      const days = retention.byNamespace.get(namespace) ?? retention.days;
      if (days !== undefined) {
        deleted += await deleteDays(store, root, namespace, now - days * dayMs);
      }
    }
  }
  return deleted;
}

async function deleteDays(
  store: ObjectStore,
  root: InferencesRoot,
  namespace: string,
  before: number,
): Promise<number> {
  let deleted = 0;
  for (const prefix of await datesOf(store, root, namespace, {})) {
    // A day goes when its last moment is too old.
    if (dayOf(prefix) + dayMs <= before) {
      for await (const { key } of listObjects(store, prefix)) {
        await store.delete(key);
        deleted += 1;
      }
    }
  }
  return deleted;
}
