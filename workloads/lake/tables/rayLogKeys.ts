import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import {
  checkedDate,
  checkedSequence,
  decodeKeyValues,
  encodeKeyValue,
  partitionPrefix,
  partName,
} from "./keyParts";

/** Where Ray log parts of one cluster and day lie. */
export interface RayLogPartition {
  namespace: string;
  /** UTC day, 2026-11-23 */
  date: string;
  cluster: string;
}

/** Where a Ray log part lies. */
export interface RayLogPart extends RayLogPartition {
  writer: string;
  sequence: number;
}

/** Where a node's log manifest lies. */
export interface RayLogManifestKey {
  namespace: string;
  cluster: string;
  node: string;
}

const rayLogsRoot = lakeFolders.rayLogs;
export const rayLogManifestsPrefix = lakeFolders.rayLogManifests;
export const rayLogCompactionsPrefix = `${lakeFolders.rayLogs}_compacted/`;
export const rayLogStatusPrefix = `${lakeFolders.rayLogs}_status/`;

/** The prefix of a namespace's Ray log parts, narrowed by day. */
export function rayLogsPrefix(namespace?: string, date?: string): string {
  return partitionPrefix(rayLogsRoot, namespace, date);
}

export function rayLogPartKey(part: RayLogPart): string {
  return (
    rayLogsPrefix(part.namespace, part.date) +
    `cluster=${encodeKeyValue("cluster", part.cluster)}/${partName(part)}`
  );
}

export function rayLogManifestKey(key: RayLogManifestKey): string {
  return (
    `${rayLogManifestsPrefix}${encodeKeyValue("namespace", key.namespace)}/` +
    `${encodeKeyValue("cluster", key.cluster)}/${encodeKeyValue("node", key.node)}.json`
  );
}

export function rayLogCompactionKey(key: RayLogPartition & { number: number }): string {
  return (
    `${rayLogCompactionsPrefix}${encodeKeyValue("namespace", key.namespace)}/` +
    `${checkedDate(key.date)}/${encodeKeyValue("cluster", key.cluster)}/` +
    `${checkedSequence(key.number)}.json`
  );
}

export function rayLogStatusKey(key: { namespace: string; cluster: string }): string {
  return (
    `${rayLogStatusPrefix}${encodeKeyValue("namespace", key.namespace)}/` +
    `${encodeKeyValue("cluster", key.cluster)}.json`
  );
}

/** Reads a key back. Undefined for an object that is no Ray log part. */
export function parseRayLogPartKey(key: string): RayLogPart | undefined {
  const match =
    /^raylogs\/namespace=([^/]+)\/date=(\d{4}-\d{2}-\d{2})\/cluster=([^/]+)\/part-([0-9a-z]+)-(\d+)\.parquet$/.exec(
      key,
    );
  const values = match === null ? undefined : decodeKeyValues(match[1]!, match[3]!);
  return values === undefined
    ? undefined
    : {
        namespace: values[0]!,
        date: match![2]!,
        cluster: values[1]!,
        writer: match![4]!,
        sequence: Number(match![5]),
      };
}

/** Reads a key back. Undefined for an object that is no manifest. */
export function parseRayLogManifestKey(key: string): RayLogManifestKey | undefined {
  const match = /^raylogs\/_manifest\/([^/]+)\/([^/]+)\/([^/]+)\.json$/.exec(key);
  const values = match === null ? undefined : decodeKeyValues(match[1]!, match[2]!, match[3]!);
  return values === undefined
    ? undefined
    : { namespace: values[0]!, cluster: values[1]!, node: values[2]! };
}

/** Reads a key back. Undefined for an object that is no record of a compaction. */
export function parseRayLogCompactionKey(
  key: string,
): (RayLogPartition & { number: number }) | undefined {
  const match = /^raylogs\/_compacted\/([^/]+)\/(\d{4}-\d{2}-\d{2})\/([^/]+)\/(\d{8,})\.json$/.exec(
    key,
  );
  const values = match === null ? undefined : decodeKeyValues(match[1]!, match[3]!);
  return values === undefined
    ? undefined
    : {
        namespace: values[0]!,
        date: match![2]!,
        cluster: values[1]!,
        number: Number(match![4]),
      };
}
