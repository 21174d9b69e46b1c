// The lake's object keys, in both directions. Every value that enters a key is encoded first, so
// that a name from outside (a namespace in a header, a Ray cluster's name) can't leave its own
// partition.

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

/** Where a part of raw inference events lies: by the hour of receipt. */
export interface InferenceEventsPart extends InferencePartition {
  writer: string;
  sequence: number;
}

/** An hour of one namespace's inferences. */
export interface InferencePartition {
  namespace: string;
  /** UTC day, 2026-11-23 */
  date: string;
  /** UTC hour, 0–23 */
  hour: number;
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

/** Where a node's log manifest lies. */
export interface RayLogManifestKey {
  namespace: string;
  cluster: string;
  node: string;
}

export const rayLogsRoot = "raylogs/";
export const rayLogManifestsPrefix = "raylogs/_manifest/";
export const rayLogCompactionsPrefix = "raylogs/_compacted/";
export const rayLogStatusPrefix = "raylogs/_status/";
export const inferenceEventsPrefix = "inferences/events/";
export const inferenceCompactionsPrefix = "inferences/compacted/";
export const inferencePairedPrefix = "inferences/paired/";
export const inferenceIdsPrefix = "inferences/ids/";
export const inferenceBlobsPrefix = "inferences/blobs/";

const maxValueBytes = 200;
const datePattern = /^\d{4}-\d{2}-\d{2}$/;
const writerPattern = /^[0-9a-z]{1,64}$/;

/**
 * Encodes a value for a key: letters, digits, `_`, `-` and inner dots stay; every other byte
 * becomes %XX.
 *
 * @throws RangeError for an empty value or one of more than 200 bytes.
 */
export function encodeKeyValue(name: string, value: string): string {
  const bytes = Buffer.from(value, "utf8");
  if (bytes.length === 0 || bytes.length > maxValueBytes) {
    throw new RangeError(
      `${name} must have 1–${maxValueBytes} bytes to be part of an object key, got ${bytes.length}`,
    );
  }
  // A value of dots only is a path step to some readers; %2E keeps it a name.
  const isDots = /^\.+$/.test(value);
  let encoded = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    const isPlain = /[A-Za-z0-9_-]/.test(character) || (character === "." && !isDots);
    encoded += isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The value that `encodeKeyValue` encoded. */
export function decodeKeyValue(encoded: string): string {
  return decodeURIComponent(encoded);
}

/** The prefix of a namespace's Ray log parts, narrowed by day. */
export function rayLogsPrefix(namespace?: string, date?: string): string {
  return partitionPrefix(rayLogsRoot, namespace, date);
}

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

function partitionPrefix(root: string, namespace?: string, date?: string): string {
  if (namespace === undefined) {
    return `${root}namespace=`;
  }
  const base = `${root}namespace=${encodeKeyValue("namespace", namespace)}/`;
  return date === undefined ? base : `${base}date=${checkedDate(date)}/`;
}

export function rayLogPartKey(part: RayLogPart): string {
  return (
    rayLogsPrefix(part.namespace, part.date) +
    `cluster=${encodeKeyValue("cluster", part.cluster)}/${partName(part)}`
  );
}

export function inferenceEventsPartKey(part: InferenceEventsPart): string {
  return inferenceHourPrefix(inferenceEventsPrefix, part) + partName(part);
}

/** The prefix of an hour's objects below a root. */
export function inferenceHourPrefix(root: InferencesRoot, partition: InferencePartition): string {
  const { namespace, date, hour } = partition;
  return `${inferencesPrefix(root, namespace, date)}hour=${checkedHour(hour)}/`;
}

/** The record of a merge of an hour's parts of events. */
export function inferenceCompactionKey(record: InferencePartition & { number: number }): string {
  return (
    inferenceHourPrefix(inferenceCompactionsPrefix, record) +
    `${checkedSequence(record.number)}.json`
  );
}

/** The number of a record's key; undefined for an object that is no record. */
export function parseInferenceCompactionNumber(key: string): number | undefined {
  const match = /^inferences\/compacted\/.+\/(\d{8,})\.json$/.exec(key);
  return match === null ? undefined : Number(match[1]);
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
  const values = match === null ? undefined : decodeAll(match[1]!, match[3]!);
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

/** Reads a key back. Undefined for an object that is no events part. */
export function parseInferenceEventsPartKey(key: string): InferenceEventsPart | undefined {
  const match =
    /^inferences\/events\/namespace=([^/]+)\/date=(\d{4}-\d{2}-\d{2})\/hour=(\d{2})\/part-([0-9a-z]+)-(\d+)\.parquet$/.exec(
      key,
    );
  const values = match === null ? undefined : decodeAll(match[1]!);
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
  const values = match === null ? undefined : decodeAll(match[1]!);
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

/** Reads a key back. Undefined for an object that is no manifest. */
export function parseRayLogManifestKey(key: string): RayLogManifestKey | undefined {
  const match = /^raylogs\/_manifest\/([^/]+)\/([^/]+)\/([^/]+)\.json$/.exec(key);
  const values = match === null ? undefined : decodeAll(match[1]!, match[2]!, match[3]!);
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
  const values = match === null ? undefined : decodeAll(match[1]!, match[3]!);
  return values === undefined
    ? undefined
    : {
        namespace: values[0]!,
        date: match![2]!,
        cluster: values[1]!,
        number: Number(match![4]),
      };
}

function decodeAll(...encoded: string[]): string[] | undefined {
  try {
    return encoded.map(decodeKeyValue);
  } catch {
    // a foreign object whose name is no percent-encoding: not ours to read
    return undefined;
  }
}

function partName(part: { writer: string; sequence: number }): string {
  if (!writerPattern.test(part.writer)) {
    throw new RangeError(`writer must be 1–64 of 0-9a-z, got ${JSON.stringify(part.writer)}`);
  }
  return `part-${part.writer}-${checkedSequence(part.sequence)}.parquet`;
}

function checkedSequence(sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new RangeError(`a sequence must be a whole number from 0, got ${sequence}`);
  }
  return String(sequence).padStart(8, "0");
}

function checkedDate(date: string): string {
  if (!datePattern.test(date) || Number.isNaN(Date.parse(`${date}T00:00:00Z`))) {
    throw new RangeError(`date must be a day like 2026-11-23, got ${JSON.stringify(date)}`);
  }
  return date;
}

function checkedHour(hour: number): string {
  if (!Number.isInteger(hour) || hour < 0 || hour > 23) {
    throw new RangeError(`hour must be 0–23, got ${hour}`);
  }
  return String(hour).padStart(2, "0");
}
