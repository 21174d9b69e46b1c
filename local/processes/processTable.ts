import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Environment variable that every process of a run inherits; its value is the run's id. */
export const runMarker = "MLPLATFORM_LOCAL_RUN";

/** One running process, as the kernel reports it. */
export interface ProcessInfo {
  pid: number;
  parent: number;
  session: number;
  /** Clock ticks from boot to the process's start: with the pid it names one process for good. */
  startTime: number;
  zombie: boolean;
  command: string;
}

/** What is written down about a started process, to recognise it later. */
export interface ProcessIdentity {
  pid: number;
  startTime: number;
}

/** What is written down about a run, to find all that is left of it. */
export interface RunIdentity {
  runId: string;
  /** A reboot restarts pids and clocks, so identities from before it mean nothing. */
  bootId: string;
  processes: ProcessIdentity[];
}

/** The kernel's id of this boot. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Reads one process, or undefined when it is gone. */
export function readProcess(pid: number): ProcessInfo | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command stands in parentheses and may itself hold spaces and parentheses.
  const close = stat.lastIndexOf(")");
  const fields = stat.slice(close + 2).split(" ");
  return {
    pid,
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
    zombie: fields[0] === "Z" || fields[0] === "X",
    command: stat.slice(stat.indexOf("(") + 1, close),
  };
}

/** Reads all processes. */
export function readProcessTable(): ProcessInfo[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((info) => info !== undefined);
}

/** Whether the process with this identity still runs (and its pid is not another's by now). */
export function isAlive(identity: ProcessIdentity): boolean {
  const info = readProcess(identity.pid);
  return info !== undefined && !info.zombie && info.startTime === identity.startTime;
}

function hasMarker(pid: number, runId: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    return environment.split("\0").includes(`${runMarker}=${runId}`);
  } catch {
    return false; // another user's process, or one that has just ended
  }
}

/**
 * Finds the processes of a run and nothing else.
 *
 * Three signs, because none is enough: the inherited marker (some programs overwrite their
 * environment to set a title), the session of a process the run started (jobs make their own
 * session), and descent from a process found by the other two (lost when a parent dies).
 */
export function ownProcesses(
  run: RunIdentity,
  table: ProcessInfo[] = readProcessTable(),
  marked: (pid: number) => boolean = (pid) => hasMarker(pid, run.runId),
): ProcessInfo[] {
  const started = new Map(run.processes.map((identity) => [identity.pid, identity.startTime]));
  const byPid = new Map(table.map((info) => [info.pid, info]));
  const own = new Set<number>();
  for (const info of table) {
    const leaderStart = started.get(info.session);
    const leader = byPid.get(info.session);
    const inSession =
      leaderStart !== undefined &&
      info.startTime >= leaderStart &&
      (leader === undefined || leader.startTime === leaderStart);
    if (inSession || marked(info.pid)) {
      own.add(info.pid);
    }
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const info of table) {
      if (!own.has(info.pid) && own.has(info.parent)) {
        own.add(info.pid);
        grown = true;
      }
    }
  }
  return table.filter((info) => own.has(info.pid) && !info.zombie && info.pid !== process.pid);
}

/** One listening TCP socket. */
export interface Listener {
  pid: number;
  command: string;
  address: string;
  port: number;
}

/** The listening TCP sockets of processes, read from the kernel. */
export function listenersOf(processes: ProcessInfo[]): Listener[] {
  const found: Listener[] = [];
  for (const info of processes) {
    const inodes = new Set<string>();
    try {
      for (const descriptor of readdirSync(`/proc/${info.pid}/fd`)) {
        const target = readLink(`/proc/${info.pid}/fd/${descriptor}`);
        const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
        if (inode !== undefined) {
          inodes.add(inode);
        }
      }
      for (const table of ["tcp", "tcp6"]) {
        const lines = readFileSync(`/proc/${info.pid}/net/${table}`, "utf8").split("\n").slice(1);
        for (const line of lines) {
          const fields = line.trim().split(/\s+/);
          if (fields[3] === "0A" && inodes.has(fields[9] ?? "")) {
            const [address = "", port = "0"] = (fields[1] ?? "").split(":");
            const at = { address: readableAddress(address), port: parseInt(port, 16) };
            found.push({ pid: info.pid, command: info.command, ...at });
          }
        }
      }
    } catch {
      continue; // the process ended while it was read
    }
  }
  return found;
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.");
}

/** Turns the kernel's hexadecimal address (four-byte words in host order) into the usual form. */
export function readableAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16)),
  );
  if (bytes.length === 4) {
    return bytes.join(".");
  }
  const mapped = bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (mapped) {
    return `::ffff:${bytes.slice(12).join(".")}`;
  }
  if (bytes.slice(0, 15).every((b) => b === 0)) {
    return bytes[15] === 0 ? "::" : `::${bytes[15]}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  return groups.join(":");
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
