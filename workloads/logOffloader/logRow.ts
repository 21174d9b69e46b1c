import { isUtf8 } from "node:buffer";
import type { Cell } from "@mlplatform/lake";
import type { LogOrigin } from "./config";
import type { LogChunk } from "./logChunk";

const NEWLINE = 0x0a;
const PARSED_CHARACTERS = 200;
const LEVEL_OF_LETTER: Record<string, string> = {
  D: "DEBUG",
  I: "INFO",
  W: "WARNING",
  E: "ERROR",
  C: "CRITICAL",
  F: "FATAL",
};

/** Rows of a chunk in the order of `rayLogShape`: one a line. Pure, so that a repeated commit gives equal rows. */
export function* chunkRows(origin: LogOrigin, chunk: LogChunk, bytes: Buffer): Generator<Cell[]> {
  const { facts } = chunk;
  const name = parseFileName(facts.file);
  let start = 0;
  let line = chunk.line;
  while (start < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const next = newline < 0 ? bytes.length : newline + 1;
    const content = bytes.subarray(start, end);
    const text = content.toString("utf8");
    const { time, level } = parseLine(text.slice(0, PARSED_CHARACTERS));
    yield [
      origin.cluster,
      origin.rayjob,
      origin.namespace,
      facts.session,
      origin.node,
      origin.role,
      facts.file,
      facts.uid,
      BigInt(chunk.start + start),
      BigInt(chunk.start + next),
      BigInt(line),
      time,
      level,
      name.component,
      name.workerId,
      name.jobId,
      name.pid,
      text,
      isUtf8(content) ? null : content,
    ];
    line += 1;
    start = next;
  }
}

/** What a Ray log file's name tells. */
export interface FileNameFacts {
  component: string;
  workerId: string | null;
  jobId: string | null;
  pid: number | null;
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

const TIME = /(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?/;
const WORD_LEVEL = /\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b/;
const LETTER_LEVEL = /^\[[^\]]*? ([DIWECF]) \d+/;

/** Time and level in a line's beginning; null where there is none. A time without a zone is taken as UTC. */
export function parseLine(start: string): { time: bigint | null; level: string | null } {
  const letter = LETTER_LEVEL.exec(start)?.[1];
  const word = WORD_LEVEL.exec(start)?.[1];
  const level = letter !== undefined ? LEVEL_OF_LETTER[letter]! : (word ?? null);
  const match = TIME.exec(start);
  const seconds =
    match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}${match[4] ?? "Z"}`);
  if (Number.isNaN(seconds)) {
    return { time: null, level: level === "WARN" ? "WARNING" : level };
  }
  const micros = (match![3] ?? "").padEnd(6, "0").slice(0, 6);
  return {
    time: BigInt(seconds) * 1000n + BigInt(micros),
    level: level === "WARN" ? "WARNING" : level,
  };
}
