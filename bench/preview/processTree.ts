import { readFileSync, readdirSync } from "node:fs";

/** A process as `/proc` shows it. Linux only. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** True until it ended; a zombie has ended. */
  isRunning: boolean;
}

/** Every process of this machine that this user sees. */
export function processes(): ProcessEntry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((entry) => entry !== undefined);
}

/** A process and all below it; empty where it is gone. */
export function processTree(root: number): ProcessEntry[] {
  const all = processes();
  const below = (pid: number): ProcessEntry[] =>
    all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
  return [...all.filter(({ pid }) => pid === root), ...below(root)];
}

function readProcess(pid: number): ProcessEntry | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) {
    return undefined;
  }
  // The name in parentheses may hold spaces, so fields are counted from behind it:
  // state is the 3rd field, the parent the 4th (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    parent: Number(fields[1]),
    isRunning: fields[0] !== "Z" && fields[0] !== "X",
  };
}

/**
 * Memory of a process in MiB, where a page that n processes share counts one n-th (the proportional
 * set size of proc(5)), so that sums over processes are true; 0 where it is gone.
 */
export function memoryOf(pid: number): number {
  const rollup = readIfThere(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup ?? "")?.[1] ?? 0) / 1024;
}

/** A file of `/proc`, unless its process ended between the listing and the reading. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") {
      return undefined;
    }
    throw error;
  }
}
