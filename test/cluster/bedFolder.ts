import { randomBytes } from "node:crypto";
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ProcessIdentity,
  type ProcessInfo,
  bootId,
  isAlive,
  ownProcesses,
  readProcessTable,
} from "../../local/processes/processTable";
import { identityOf } from "../../local/processes/runState";

/** Inherited by every process of a bed, so that those that outlive their run are found. */
const bedMarker = "MLP_TEST_BED";

const record = "bed.json";
const reapGraceMs = 2_000;

/** What is written down about a bed, to find all that is left of it. */
interface BedRecord {
  /** Value of {@link bedMarker} in the bed's processes. */
  id: string;
  /** The run of the tests that made it. */
  owner: ProcessIdentity;
  bootId: string;
  /** Namespace of its pids: in another one they name other processes. */
  pids: string;
}

/**
 * The folder of one bed, with a record of whose it is. A run of tests that is killed leaves its
 * beds behind; the next one that makes a bed of the kind ends and removes them.
 */
export class BedFolder {
  private constructor(
    readonly path: string,
    private readonly id: string,
  ) {}

  /**
   * Makes a folder of a new bed, after those of dead runs are gone.
   *
   * @param kind begins the folder's name, e.g. `mlplatform-cluster-`
   */
  static make(kind: string): BedFolder {
    removeAbandoned(kind);
    const id = randomBytes(8).toString("hex");
    const made = new BedFolder(mkdtempSync(join(tmpdir(), kind)), id);
    const owner = identityOf(process.pid);
    const written: BedRecord = { id, owner, bootId: bootId(), pids: pidNamespace() };
    writeFileSync(join(made.path, record), JSON.stringify(written), { mode: 0o600 });
    return made;
  }

  /** What the environment of each of the bed's processes holds. */
  get environment(): Record<string, string> {
    return { [bedMarker]: this.id };
  }

  /** Ends what outlived its run; returns the command lines of what did. */
  async reap(): Promise<string[]> {
    const left = processesOf(this.id);
    const commands = left.map(commandLine);
    signal(left, "SIGTERM");
    const deadline = Date.now() + reapGraceMs;
    while (processesOf(this.id).length > 0 && Date.now() < deadline) {
      await sleep(50);
    }
    signal(processesOf(this.id), "SIGKILL");
    // What is killed is gone a moment later.
    for (let look = 0; look < 40 && processesOf(this.id).length > 0; look++) {
      await sleep(50);
    }
    return commands;
  }

  /** Removes the folder. */
  remove(): void {
    remove(this.path);
  }
}

/** Removes what runs of tests left behind that have ended, with the processes of it. */
function removeAbandoned(kind: string): void {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(kind))) {
    const folder = join(tmpdir(), name);
    const left = recordOf(folder);
    if (left === undefined || left.pids !== pidNamespace()) {
      continue;
    }
    const hasRestarted = left.bootId !== bootId();
    if (!hasRestarted && isAlive(left.owner)) {
      continue;
    }
    if (!hasRestarted) {
      signal(processesOf(left.id), "SIGKILL");
    }
    remove(folder);
    console.log(`    removed ${folder}, which a run that was killed had left`);
  }
}

/** Nothing where it is another user's, or is just being made or removed. */
function recordOf(folder: string): BedRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, record), "utf8")) as BedRecord;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (["ENOENT", "EACCES", "ENOTDIR"].includes(code) || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

function processesOf(id: string): ProcessInfo[] {
  const isMarked = (pid: number) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      return environment.includes(`${bedMarker}=${id}`);
    } catch {
      return false; // It ended while it was looked at, or is another user's.
    }
  };
  const run = { runId: id, bootId: bootId(), processes: [] };
  return ownProcesses(run, readProcessTable(), isMarked);
}

function commandLine({ pid, command }: ProcessInfo): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return command; // It has ended since.
  }
}

function signal(processes: ProcessInfo[], name: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
        throw error;
      }
    }
  }
}

const pidNamespace = () => readlinkSync("/proc/self/ns/pid");

/** A process that was just killed may still write. */
const remove = (folder: string) =>
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
