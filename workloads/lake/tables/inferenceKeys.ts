import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import {
  checkedHour,
  checkedSequence,
  decodeKeyValues,
  encodeKeyValue,
  partitionPrefix,
  partName,
} from "./keyParts";

/** An hour of one namespace's inferences. */
export interface InferencePartition {
  namespace: string;
  /** UTC day, 2026-11-23 */
  date: string;
  /** UTC hour, 0–23 */
  hour: number;
}

/** Where a part of raw inference events lies: by the hour of receipt. */
export interface InferenceEventsPart extends InferencePartition {
  writer: string;
  sequence: number;
}

/** Where a part of paired inferences lies. */
export interface InferencePairedPart extends InferencePartition {
  part: number;
}

/** Where the ids of a paired part lie. */
export interface InferenceIdsPart extends InferencePairedPart {
  /**
   * How many parts of events the hour had when all of them were paired, this part included; 0 where
   * that isn't known. Parts of events are only added, so an hour with as many is paired, whatever
   * any clock says.
   */
  covered: number;
}

export const inferenceEventsPrefix = `${lakeFolders.inferences}events/`;
export const inferenceCompactionsPrefix = `${lakeFolders.inferences}compacted/`;
export const inferencePairedPrefix = `${lakeFolders.inferences}paired/`;
export const inferenceIdsPrefix = `${lakeFolders.inferences}ids/`;
export const inferenceBlobsPrefix = `${lakeFolders.inferences}blobs/`;

/** The roots below which inferences lie by namespace, day and hour. */
export type InferencesRoot =
  | typeof inferenceEventsPrefix
  | typeof inferenceCompactionsPrefix
  | typeof inferencePairedPrefix
  | typeof inferenceIdsPrefix
  | typeof inferenceBlobsPrefix;

/** The prefix of a namespace's part of a root, narrowed by day. */
export function inferencesPrefix(root: InferencesRoot, namespace?: string, date?: string): string {
  return partitionPrefix(root, namespace, date);
}

/** The prefix of an hour's objects below a root. */
export function inferenceHourPrefix(root: InferencesRoot, partition: InferencePartition): string {
  const { namespace, date, hour } = partition;
  return `${inferencesPrefix(root, namespace, date)}hour=${checkedHour(hour)}/`;
}

export function inferenceEventsPartKey(part: InferenceEventsPart): string {
  return inferenceHourPrefix(inferenceEventsPrefix, part) + partName(part);
}

/** The record of a merge of an hour's parts of events. */
export function inferenceCompactionKey(record: InferencePartition & { number: number }): string {
  return (
    inferenceHourPrefix(inferenceCompactionsPrefix, record) +
    `${checkedSequence(record.number)}.json`
  );
}

export function inferencePairedPartKey(part: InferencePairedPart): string {
  const folder = inferenceHourPrefix(inferencePairedPrefix, part);
  return `${folder}part-${checkedSequence(part.part)}.parquet`;
}

/**
 * The ids of the predictions in a paired part: `id_hash`, which is `md5_number_lower(request_id)`,
 * sorted. Eight bytes tell whether a prediction is in an hour of which nothing else was read.
 */
export function inferenceIdsPartKey(part: InferenceIdsPart): string {
  return (
    inferenceHourPrefix(inferenceIdsPrefix, part) +
    `part-${checkedSequence(part.part)}-${checkedSequence(part.covered)}.parquet`
  );
}

/** A body that is an object of its own; (writer, name) is used once. */
export function inferenceBlobKey(
  partition: InferencePartition,
  writer: string,
  name: string,
): string {
  return (
    inferenceHourPrefix(inferenceBlobsPrefix, partition) +
    `${encodeKeyValue("writer", writer)}-${encodeKeyValue("name", name)}.bin`
  );
}

/** The number of a record's key; undefined for an object that is no record. */
export function parseInferenceCompactionNumber(key: string): number | undefined {
  const match = /^inferences\/compacted\/.+\/(\d{8,})\.json$/.exec(key);
  return match === null ? undefined : Number(match[1]);
}

/** Reads a key back. Undefined for an object that is no events part. */
export function parseInferenceEventsPartKey(key: string): InferenceEventsPart | undefined {
  const match =
    /^inferences\/events\/namespace=([^/]+)\/date=(\d{4}-\d{2}-\d{2})\/hour=(\d{2})\/part-([0-9a-z]+)-(\d+)\.parquet$/.exec(
      key,
    );
  const values = match === null ? undefined : decodeKeyValues(match[1]!);
  return values === undefined
    ? undefined
    : {
        namespace: values[0]!,
        date: match![2]!,
        hour: Number(match![3]),
        writer: match![4]!,
        sequence: Number(match![5]),
      };
}

/** Reads a key back. Undefined for an object that is no paired part. */
export function parseInferencePairedPartKey(key: string): InferencePairedPart | undefined {
  const match =
    /^inferences\/paired\/namespace=([^/]+)\/date=(\d{4}-\d{2}-\d{2})\/hour=(\d{2})\/part-(\d+)\.parquet$/.exec(
      key,
    );
  const values = match === null ? undefined : decodeKeyValues(match[1]!);
  return values === undefined
    ? undefined
    : {
        namespace: values[0]!,
        date: match![2]!,
        hour: Number(match![3]),
        part: Number(match![4]),
      };
}

/** Reads a key back. Undefined for an object that is no part's ids. */
export function parseInferenceIdsPartKey(key: string): InferenceIdsPart | undefined {
  const match = /^inferences\/ids\/(.+\/part-\d+)-(\d+)(\.parquet)$/.exec(key);
  const part =
    match === null
      ? undefined
      : parseInferencePairedPartKey(inferencePairedPrefix + match[1]! + match[3]!);
  return part === undefined ? undefined : { ...part, covered: Number(match![2]) };
}
