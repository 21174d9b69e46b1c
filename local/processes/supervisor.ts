import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../screen/userError";
import { runMarker, bootId, isAlive, readProcess } from "./processTable";
import type { RunRecord, ServiceRecord, StateDirectory } from "./runState";

/** Time that processes get to end by themselves before they are killed. */
const graceMs = 30_000;
const pollMs = 100;
const logTailLines = 12;

/** How to start one process of the run. */
export interface ServiceSpec {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** Unprivileged user to run as; only root can ask for one. */
  user?: { uid: number; gid: number };
  url?: string;
  /** Signal that asks it to end. @default SIGTERM */
  stopSignal?: NodeJS.Signals;
}

/** A started process and how it went. */
export interface Service {
  spec: ServiceSpec;
  record: ServiceRecord;
  child: ChildProcess;
  /** Settles when the process ends; never rejects. */
  ended: Promise<string>;
  /** True once the run asked it to end, so that its end is no failure. */
  stopping: boolean;
}

/** Starts the processes of one run, notices their death, and ends them all. */
export class Supervisor {
  readonly services: Service[] = [];
  /** Rejects when a service ends that nobody asked to. */
  readonly failure: Promise<never>;
  private fail: (error: Error) => void = () => undefined;
  private isClosed = false;

  constructor(
    readonly state: StateDirectory,
    readonly record: RunRecord,
  ) {
    this.failure = new Promise<never>((_, reject) => (this.fail = reject));
    this.failure.catch(() => undefined);
  }

  /** The variable by which a process is known as this run's. */
  marker(): Record<string, string> {
    return { [runMarker]: this.record.runId };
  }

  logFile(name: string): string {
    return join(this.state.logs, `${name}.log`);
  }

  /** Starts a service in a session of its own, so that Ctrl-C reaches only this script. */
  start(spec: ServiceSpec): Service {
    const service = this.spawn(spec);
    void service.ended.then((how) => {
      if (!service.stopping) {
        this.fail(
          new UserError({
            what: `${spec.name} ended by itself (${how})${lastLines(service.record.log)}`,
            remedy: "Read its log, then run `npm run local` again: it starts clean.",
            log: service.record.log,
          }),
        );
      }
    });
    return service;
  }

  /** Runs a program to its end and returns its standard output; a non-zero exit is an error. */
  async runToEnd(spec: ServiceSpec & { timeoutMs: number; remedy: string }): Promise<string> {
    const output: Buffer[] = [];
    const service = this.spawn(spec, (chunk) => output.push(chunk));
    service.stopping = true;
    const timer = setTimeout(() => signal(-service.record.pid, "SIGKILL"), spec.timeoutMs);
    const how = await service.ended;
    clearTimeout(timer);
    if (how !== "exit code 0") {
      const log = service.record.log;
      throw new UserError({
        what: `${spec.name} failed (${how})${lastLines(log)}`,
        remedy: spec.remedy,
        log,
      });
    }
    return Buffer.concat(output).toString("utf8");
  }

  /** Waits until a service answers; its death or the deadline ends the wait with the reason. */
  async waitReady(
    service: Service,
    ready: () => Promise<boolean>,
    timeoutMs: number,
  ): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    let ended: string | undefined;
    void service.ended.then((how) => (ended = how));
    for (;;) {
      if (ended !== undefined) {
        throw new UserError({
          what:
            `${service.spec.name} ended while it started (${ended})` +
            lastLines(service.record.log),
          remedy: "Read its log for the cause.",
          log: service.record.log,
        });
      }
      if (await ready().catch(() => false)) {
        return;
      }
      if (Date.now() > deadline) {
        throw new UserError({
          what:
            `${service.spec.name} was not ready after ${timeoutMs / 1000} ` +
            `s${lastLines(service.record.log)}`,
          remedy: "Read its log; a busy machine may need a second try.",
          log: service.record.log,
        });
      }
      await sleep(pollMs);
    }
  }

  /** Asks one service to end and waits for it and all that it started. */
  async stop(service: Service): Promise<void> {
    service.stopping = true;
    // Only the leader: what it started is its own to end, and PostgreSQL's children read signals
    // otherwise.
    signal(service.record.pid, service.record.stopSignal);
    await Promise.race([service.ended, sleep(graceMs, undefined, { ref: false })]);
    signal(-service.record.pid, "SIGKILL");
    await service.ended;
  }

  /** Ends every process of the run, the last started first. */
  async stopAll(): Promise<void> {
    // A step that was cut short may still be on its way to start its next process.
    this.isClosed = true;
    for (const service of this.services) {
      service.stopping = true;
    }
    await endProcesses(this.state, this.record);
  }

  /**
   * Where a program puts temporary files: with the run's own, so that they go with it however it
   * ends. Node's programs make none, and keep sharing their compiler's cache.
   */
  private temporaryFiles(spec: ServiceSpec): Record<string, string> {
    const [scratch] = this.record.outside;
    return scratch === undefined || spec.command === process.execPath ? {} : { TMPDIR: scratch };
  }

  private spawn(spec: ServiceSpec, onOutput?: (chunk: Buffer) => void): Service {
    if (this.isClosed) {
      throw new Error(`${spec.name} is not started: the run has ended`);
    }
    const log = this.logFile(spec.name);
    const sink = openSync(log, "a", 0o600);
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd ?? this.state.run,
      // Only what programs need to find their files; secrets of the caller's shell stay there.
      env: { ...basicEnvironment(), ...this.temporaryFiles(spec), ...spec.env, ...this.marker() },
      detached: true,
      stdio: ["ignore", onOutput ? "pipe" : sink, sink],
      ...(spec.user ?? {}),
    });
    closeSync(sink);
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(`cannot start ${spec.command}: ${error.message}`));
      child.once("close", (code, signal) =>
        resolve(signal ? `signal ${signal}` : `exit code ${code}`),
      );
    });
    const startTime = child.pid === undefined ? 0 : (readProcess(child.pid)?.startTime ?? 0);
    const { name, url, stopSignal = "SIGTERM" } = spec;
    const record: ServiceRecord = { name, log, pid: child.pid ?? 0, startTime, url, stopSignal };
    child.stdout?.on("data", (chunk: Buffer) => {
      appendFileSync(log, chunk);
      onOutput?.(chunk);
    });
    const service: Service = { spec, record, child, ended, stopping: false };
    if (child.pid !== undefined) {
      this.services.push(service);
      this.record.services.push(record);
      this.state.save(this.record);
    }
    return service;
  }
}

/**
 * Ends every process of a run: asked first, the last started first, then killed.
 *
 * Works from the written record alone, so `stop` and `clean` use it after the script was killed.
 */
export async function endProcesses(state: StateDirectory, record: RunRecord): Promise<number> {
  if (record.bootId !== bootId()) {
    return 0;
  }
  const count = state.remaining(record).length;
  const deadline = Date.now() + graceMs;
  for (const service of [...record.services].reverse()) {
    if (isAlive(service)) {
      signal(service.pid, service.stopSignal);
      while (Date.now() < deadline && isAlive(service)) {
        await sleep(pollMs);
      }
    }
  }
  for (let rounds = 0; rounds < 100; rounds++) {
    const left = state.remaining(record);
    if (left.length === 0) {
      return count;
    }
    for (const info of left) {
      signal(info.pid, rounds < 10 && Date.now() < deadline ? "SIGTERM" : "SIGKILL");
    }
    await sleep(pollMs);
  }
  const left = state.remaining(record).map((info) => `${info.pid} (${info.command})`);
  throw new UserError({
    what: `processes ${left.join(", ")} do not end`,
    remedy: "End them by hand: `kill -9 PID`.",
  });
}

/** The variables of the caller's shell that programs need; nothing else is passed on. */
export function basicEnvironment(): Record<string, string> {
  const kept = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
  ];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  ) as Record<string, string>;
}

/** The end of a log, for a message; empty when there is nothing to show. */
export function lastLines(log: string, count = logTailLines): string {
  let text: string;
  try {
    text = readFileSync(log, "utf8");
  } catch {
    return "";
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0 ? "" : `:\n    ${lines.slice(-count).join("\n    ")}`;
}

function signal(pid: number, how: NodeJS.Signals): void {
  try {
    process.kill(pid, how);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
      throw error;
    }
  }
}
