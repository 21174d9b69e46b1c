/** What a Ray log file's name tells. */
export interface FileNameFacts {
  component: string;
  workerId: string | null;
  jobId: string | null;
  pid: number | null;
}

/** What a line's beginning tells. */
export interface LineFacts {
  /** Microseconds since 1970; undefined where there is no time. */
  micros: number | undefined;
  level: string | null;
}

/** Worker and job that a line names itself: Ray's JSON logs do. */
export interface LineOwner {
  workerId: string | null;
  jobId: string | null;
}

/** Reads Ray's file names (ray-observability/user-guides/configure-logging: "Ray log file names"). */
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

const PARSED_CHARACTERS = 200;
const LEVEL_OF_LETTER: Record<string, string> = {
  D: "DEBUG",
  I: "INFO",
  W: "WARNING",
  E: "ERROR",
  C: "CRITICAL",
  F: "FATAL",
};
const WORD_LEVEL = /\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b/;
const LETTER_LEVEL = /^\[[^\]]*? ([DIWECF]) \d+/;
const COLON = 58;
const BRACKET = 91;
const SHORTEST_LEVEL = 4;

/**
 * Time and level in a line's first 200 characters. A time without a zone is taken as UTC. One pass over
 * the characters finds where either can be, because most lines of a program's own output have neither.
 */
export function parseLine(line: string): LineFacts {
  const end = Math.min(line.length, PARSED_CHARACTERS);
  let micros: number | undefined;
  let capitals = 0;
  let mayHaveLevel = line.charCodeAt(0) === BRACKET;
  for (let at = 0; at < end; at++) {
    const code = line.charCodeAt(at);
    if (code >= 65 && code <= 90) {
      capitals += 1;
      mayHaveLevel ||= capitals === SHORTEST_LEVEL;
    } else {
      capitals = 0;
      if (code === COLON && micros === undefined) {
        micros = timeAround(line, at);
      }
    }
  }
  return { micros, level: mayHaveLevel ? levelOf(line.slice(0, end)) : null };
}

function levelOf(start: string): string | null {
  const letter = LETTER_LEVEL.exec(start)?.[1];
  const level =
    letter === undefined ? (WORD_LEVEL.exec(start)?.[1] ?? null) : LEVEL_OF_LETTER[letter]!;
  return level === "WARN" ? "WARNING" : level;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
// Most lines are of the same day as the one before.
let lastDay = "";
let lastDayMillis = Number.NaN;

/** The time whose first colon is at `colon`: 2026-11-23 10:00:00, a T between, a fraction, a zone. */
function timeAround(line: string, colon: number): number | undefined {
  const hour = twoDigits(line, colon - 2);
  const minute = twoDigits(line, colon + 1);
  const second = twoDigits(line, colon + 4);
  const between = line.charCodeAt(colon - 3);
  const isTime =
    colon >= 13 &&
    hour < 24 &&
    minute < 60 &&
    second < 60 &&
    line.charCodeAt(colon + 3) === COLON &&
    (between === 32 || between === 84);
  if (!isTime) {
    return undefined;
  }
  const day = line.slice(colon - 13, colon - 3);
  if (day !== lastDay) {
    lastDay = day;
    lastDayMillis = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  }
  if (Number.isNaN(lastDayMillis)) {
    return undefined;
  }
  const { micros, next } = fractionAt(line, colon + 6);
  const seconds = (hour * 60 + minute) * 60 + second;
  return lastDayMillis * 1000 + (seconds - zoneSecondsAt(line, next)) * 1_000_000 + micros;
}

function fractionAt(line: string, at: number): { micros: number; next: number } {
  const point = line.charCodeAt(at);
  if (point !== 46 && point !== 44) {
    return { micros: 0, next: at };
  }
  let micros = 0;
  let digits = 0;
  for (let scale = 100_000; digits < 9; digits++, scale = Math.floor(scale / 10)) {
    const digit = line.charCodeAt(at + 1 + digits) - 48;
    if (!(digit >= 0 && digit <= 9)) {
      break;
    }
    micros += digit * scale;
  }
  return { micros, next: digits === 0 ? at : at + 1 + digits };
}

function zoneSecondsAt(line: string, at: number): number {
  const sign = line.charCodeAt(at);
  if (sign !== 43 && sign !== 45) {
    return 0;
  }
  const hours = twoDigits(line, at + 1);
  const minutes = twoDigits(line, line.charCodeAt(at + 3) === COLON ? at + 4 : at + 3);
  const seconds = hours < 24 && minutes < 60 ? (hours * 60 + minutes) * 60 : 0;
  return sign === 43 ? seconds : -seconds;
}

/** A number of two digits; NaN where there are none. */
function twoDigits(line: string, at: number): number {
  const tens = line.charCodeAt(at) - 48;
  const ones = line.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Worker and job of a line of Ray's JSON logs (RAY_LOGGING_CONFIG_ENCODING=JSON); undefined for any other line. */
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
