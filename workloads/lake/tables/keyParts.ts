// The lake's object keys, in both directions. Every value that enters a key is encoded first, so
// that a name from outside (a namespace in a header, a Ray cluster's name) can't leave its own
// partition.

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

/** The values of parts of a key; undefined where one of them is no percent-encoding. */
export function decodeKeyValues(...encoded: string[]): string[] | undefined {
  try {
    return encoded.map(decodeKeyValue);
  } catch {
    // a foreign object whose name is no percent-encoding: not ours to read
    return undefined;
  }
}

/** The prefix of what lies by namespace and day below a root, narrowed by both. */
export function partitionPrefix(root: string, namespace?: string, date?: string): string {
  if (namespace === undefined) {
    return `${root}namespace=`;
  }
  const base = `${root}namespace=${encodeKeyValue("namespace", namespace)}/`;
  return date === undefined ? base : `${base}date=${checkedDate(date)}/`;
}

/**
 * The name of a part that one writer alone gives.
 * @throws RangeError for a bad writer or number.
 */
export function partName(part: { writer: string; sequence: number }): string {
  if (!writerPattern.test(part.writer)) {
    throw new RangeError(`writer must be 1–64 of 0-9a-z, got ${JSON.stringify(part.writer)}`);
  }
  return `part-${part.writer}-${checkedSequence(part.sequence)}.parquet`;
}

/** A number in a key. @throws RangeError where it is no whole number from 0. */
export function checkedSequence(sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new RangeError(`a sequence must be a whole number from 0, got ${sequence}`);
  }
  return String(sequence).padStart(8, "0");
}

/** A UTC day in a key, 2026-11-23. @throws RangeError where it is none. */
export function checkedDate(date: string): string {
  if (!datePattern.test(date) || Number.isNaN(Date.parse(`${date}T00:00:00Z`))) {
    throw new RangeError(`date must be a day like 2026-11-23, got ${JSON.stringify(date)}`);
  }
  return date;
}

/** A UTC hour in a key, two digits. @throws RangeError where it is none. */
export function checkedHour(hour: number): string {
  if (!Number.isInteger(hour) || hour < 0 || hour > 23) {
    throw new RangeError(`hour must be 0–23, got ${hour}`);
  }
  return String(hour).padStart(2, "0");
}
