import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../../screen/userError";
import {
  bootId,
  isAlive,
  ownProcesses,
  type ProcessIdentity,
  type ProcessInfo,
  readProcess,
} from "./processTable";

/** A process of the run, with the service it is. */
export interface ServiceRecord extends ProcessIdentity {
  name: string;
  log: string;
  /** Address that a browser or client opens, where the service has one. */
  url?: string;
  /** Signal that asks it to end. */
  stopSignal: NodeJS.Signals;
}

/** All that later commands need to know about a run; written before each start of a process. */
export interface RunRecord {
  runId: string;
  bootId: string;
  startedAt: string;
  /** The script that made the run; it ends before its services after `--keep`. */
  owner: ProcessIdentity;
  services: ServiceRecord[];
  /** Directories outside the state directory that belong to the run. */
  outside: string[];
  /** Id of the prediction whose trace the run printed. */
  predictionId?: string;
}

/** Where a clone keeps everything its local runs make. */
export class StateDirectory {
  readonly root: string;
  /** The current or last run: data, logs, record. Made anew by each run. */
  readonly run: string;
  readonly logs: string;
  readonly endpoints: string;
  private readonly recordFile: string;
  private readonly lockFile: string;

  constructor(readonly clone: string) {
    this.root = join(clone, ".mlplatform");
    this.run = join(this.root, "run");
    this.logs = join(this.run, "logs");
    this.endpoints = join(this.run, "endpoints.json");
    this.recordFile = join(this.run, "run.json");
    this.lockFile = join(this.root, "lock");
  }

  /** Takes the clone's lock; a lock whose holder is gone is taken over. */
  lock(): void {
    mkdirSync(this.root, { recursive: true });
    const mine = JSON.stringify({ ...identityOf(process.pid), bootId: bootId() });
    // The lock appears with its content: a link, unlike a new file, is never seen half written.
    const draft = `${this.lockFile}.${process.pid}`;
    writeFileSync(draft, mine);
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          linkSync(draft, this.lockFile);
          return;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt > 0) {
            throw error;
          }
        }
        const holder = this.lockHolder();
        if (holder !== undefined) {
          throw new UserError({
            what: `another run works in this clone (process ${holder.pid})`,
            remedy:
              "Wait for it, or end it with `npm run local -- stop`. A second clone can run " +
              "beside it.",
          });
        }
        rmSync(this.lockFile, { force: true });
      }
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** The live process that holds the lock. */
  lockHolder(): ProcessIdentity | undefined {
    const held = readJson<ProcessIdentity & { bootId: string }>(this.lockFile);
    return held !== undefined && held.bootId === bootId() && isAlive(held) ? held : undefined;
  }

  unlock(): void {
    if (readJson<ProcessIdentity>(this.lockFile)?.pid === process.pid) {
      rmSync(this.lockFile, { force: true });
    }
  }

  /** Begins a run from nothing: what an earlier run left is removed first. */
  begin(): RunRecord {
    this.discard();
    mkdirSync(this.logs, { recursive: true });
    const runId = randomBytes(6).toString("hex");
    const record: RunRecord = {
      runId,
      bootId: bootId(),
      startedAt: new Date().toISOString(),
      owner: identityOf(process.pid),
      services: [],
      outside: [],
    };
    // Ray's Unix sockets must have paths under 108 bytes, so its directory cannot lie in a deep
    // clone; and PostgreSQL, which does not run as root, cannot enter a private home.
    const scratch = join(tmpdir(), `mlp-${runId}`);
    record.outside.push(scratch);
    this.save(record);
    mkdirSync(scratch, { mode: 0o711 });
    return record;
  }

  save(record: RunRecord): void {
    writeJson(this.recordFile, record);
  }

  /** The record of the current or last run. */
  record(): RunRecord | undefined {
    return readJson<RunRecord>(this.recordFile);
  }

  /** The processes of a run that are still there. */
  remaining(record: RunRecord): ProcessInfo[] {
    if (record.bootId !== bootId()) {
      return [];
    }
    return ownProcesses({ runId: record.runId, bootId: record.bootId, processes: record.services });
  }

  /** Removes the last run's files; its processes must have ended. */
  discard(): void {
    for (const outside of this.record()?.outside ?? []) {
      rmSync(outside, { recursive: true, force: true });
    }
    rmSync(this.run, { recursive: true, force: true });
  }
}

/** The identity of a live process. */
export function identityOf(pid: number): ProcessIdentity {
  const info = readProcess(pid);
  if (info === undefined) {
    throw new Error(`process ${pid} ended before it was recorded`);
  }
  return { pid, startTime: info.startTime };
}

/** Writes JSON that only this user reads, whole or not at all. */
export function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}
