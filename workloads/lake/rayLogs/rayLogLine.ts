/** What a Ray log file's name tells. */
export interface FileNameFacts {
  component: string;
  workerId: string | null;
  jobId: string | null;
  pid: number | null;
}

/** What a line's beginning tells. */
export interface LineFacts {
  /** Microseconds since 1970; NaN where there is no time. */
  micros: number;
  /** Index in `LEVELS`. */
  level: number;
}

/** Levels of lines; the first is that of a line without one. */
export const logLevels = [null, "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL"] as const;

/** Worker and job that a line names itself: Ray's JSON logs do. */
export interface LineOwner {
  workerId: string | null;
  jobId: string | null;
}

/**
 * Reads Ray's file names (ray-observability/user-guides/configure-logging: "Ray log file names").
 */
export function parseFileName(file: string): FileNameFacts {
  const base = file.split("/").at(-1) ?? file;
  const worker = /^worker-([0-9a-f]{56})-([0-9a-f]{8})-(\d+)\./.exec(base);
  if (worker !== null) {
    return {
      component: "worker",
      workerId: worker[1]!,
      jobId: worker[2]!,
      pid: Number(worker[3]),
    };
  }
  const core = /^(python-core-(?:worker|driver))-([0-9a-f]{56})_(\d+)\./.exec(base);
  if (core !== null) {
    return { component: core[1]!, workerId: core[2]!, jobId: null, pid: Number(core[3]) };
  }
  const driver = /^(job-driver|supervisor)-(.+?)\.(?:log|out|err)/.exec(base);
  if (driver !== null) {
    return { component: driver[1]!, workerId: null, jobId: driver[2]!, pid: null };
  }
  const component = /^([A-Za-z_]+(?:-[A-Za-z_]+)*)/.exec(base)?.[1] ?? base;
  return { component, workerId: null, jobId: null, pid: null };
}

const parsedBytes = 200;
const space = 32;
const colonByte = 58;
const opening = 91;
const closing = 93;
const capitalT = 84;
const shortestLevel = 4;
const longestLevel = 8;
// Ray's core writes the first letter: [2026-11-23 10:00:00,123 I 412 416].
const letters: number[] = [];
logLevels.forEach((level, code) => (letters[(level ?? "\0").charCodeAt(0)] = code));
const words = new Map<string, number>([
  ...logLevels.slice(1).map((level, index): [string, number] => [level!, index + 1]),
  ["WARN", logLevels.indexOf("WARNING")],
]);

/**
 * Time and level in the first 200 bytes of a line. A time without a zone is taken as UTC. One pass
 * finds where either can be, because most lines of a program's own output have neither.
 */
export function parseLine(bytes: Buffer, start: number, end: number, into: LineFacts): void {
  const stop = Math.min(end, start + parsedBytes);
  into.micros = Number.NaN;
  into.level = bytes[start] === opening ? letterLevel(bytes, start, stop) : 0;
  let capitals = 0;
  for (let at = start; at < stop; at++) {
    const byte = bytes[at]!;
    if (byte >= 65 && byte <= 90) {
      capitals += 1;
      continue;
    }
    if (capitals >= shortestLevel && into.level === 0) {
      into.level = wordLevel(bytes, start, at, capitals, byte);
    }
    capitals = 0;
    if (byte === colonByte && Number.isNaN(into.micros)) {
      into.micros = timeAround(bytes, start, at, end);
    }
    if (into.level !== 0 && !Number.isNaN(into.micros)) {
      return;
    }
  }
  if (capitals >= shortestLevel && into.level === 0) {
    into.level = wordLevel(bytes, start, stop, capitals, stop < end ? bytes[stop]! : space);
  }
}

/** The level that ends before `at` as a word of its own. */
function wordLevel(
  bytes: Buffer,
  start: number,
  at: number,
  capitals: number,
  next: number,
): number {
  const before = at - capitals - 1;
  if (
    capitals > longestLevel ||
    isWordByte(next) ||
    (before >= start && isWordByte(bytes[before]!))
  ) {
    return 0;
  }
  return words.get(bytes.toString("latin1", at - capitals, at)) ?? 0;
}

/** The letter between two spaces, before a number, in the first brackets. */
function letterLevel(bytes: Buffer, start: number, stop: number): number {
  for (let at = start + 1; at + 3 < stop && bytes[at] !== closing; at++) {
    const isAlone = bytes[at] === space && bytes[at + 2] === space && isDigit(bytes[at + 3]!);
    const code = isAlone ? letters[bytes[at + 1]!] : undefined;
    if (code !== undefined && code !== 0) {
      return code;
    }
  }
  return 0;
}

// Most lines are of the same day as the one before.
let lastDay = Number.NaN;
let lastDayMillis = Number.NaN;

/**
 * The time whose first colon is at `colon`: 2026-11-23 10:00:00, a T between, a fraction, a zone.
 */
function timeAround(bytes: Buffer, start: number, colon: number, end: number): number {
  if (colon - start < 13 || colon + 6 > end || bytes[colon + 3] !== colonByte) {
    return Number.NaN;
  }
  const hour = twoDigits(bytes, colon - 2);
  const minute = twoDigits(bytes, colon + 1);
  const second = twoDigits(bytes, colon + 4);
  const between = bytes[colon - 3];
  const isTime =
    hour < 24 && minute < 60 && second < 60 && (between === space || between === capitalT);
  const dayMillis = isTime ? dayAt(bytes, colon - 13) : Number.NaN;
  const seconds = (hour * 60 + minute) * 60 + second;
  let at = colon + 6;
  let micros = 0;
  if (bytes[at] === 46 || bytes[at] === 44) {
    let digits = 0;
    for (let scale = 100_000; digits < 9 && at + 1 + digits < end; digits++) {
      const byte = bytes[at + 1 + digits]!;
      if (!isDigit(byte)) {
        break;
      }
      micros += (byte - 48) * scale;
      scale = Math.floor(scale / 10);
    }
    at += digits === 0 ? 0 : digits + 1;
  }
  return dayMillis * 1000 + (seconds - zoneSeconds(bytes, at, end)) * 1_000_000 + micros;
}

/** Milliseconds at the start of the day written at `at` as 2026-11-23; NaN where it is none. */
function dayAt(bytes: Buffer, at: number): number {
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const date = twoDigits(bytes, at + 8);
  const isDay = bytes[at + 4] === 45 && bytes[at + 7] === 45;
  const day = isDay ? (year * 100 + month) * 100 + date : Number.NaN;
  if (day !== lastDay) {
    lastDay = day;
    lastDayMillis = Number.isNaN(day)
      ? Number.NaN
      : Date.parse(`${bytes.toString("latin1", at, at + 10)}T00:00:00Z`);
  }
  return lastDayMillis;
}

function zoneSeconds(bytes: Buffer, at: number, end: number): number {
  const sign = bytes[at];
  if ((sign !== 43 && sign !== 45) || at + 5 > end) {
    return 0;
  }
  const hours = twoDigits(bytes, at + 1);
  const minutes = twoDigits(bytes, bytes[at + 3] === colonByte ? at + 4 : at + 3);
  const seconds = hours < 24 && minutes < 60 ? (hours * 60 + minutes) * 60 : 0;
  return sign === 43 ? seconds : -seconds;
}

/** A number of two digits; NaN where there are none. */
function twoDigits(bytes: Buffer, at: number): number {
  const tens = bytes[at]! - 48;
  const ones = bytes[at + 1]! - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function isWordByte(byte: number): boolean {
  return isDigit(byte) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95;
}

/**
 * Worker and job of a line of Ray's JSON logs (RAY_LOGGING_CONFIG_ENCODING=JSON); undefined for any
 * other line.
 */
export function parseOwner(line: string): LineOwner | undefined {
  if (line.charCodeAt(0) !== 123 || !line.includes('"job_id"')) {
    return undefined;
  }
  try {
    const { worker_id: worker, job_id: job } = JSON.parse(line) as Record<string, unknown>;
    return {
      workerId: typeof worker === "string" ? worker : null,
      jobId: typeof job === "string" ? job : null,
    };
  } catch {
    // a program's own text that only looks like it
    return undefined;
  }
}
