import { readFileSync, readdirSync } from "node:fs";

/** A process as `/proc` shows it. Linux only. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  /** True until it ended; a zombie has ended. */
  isRunning: boolean;
  /** Resident memory; pages shared with other processes are counted in each. */
  rssMiB: number;
}

const pageMiB = 4096 / 2 ** 20;

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
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It ended between the listing and the reading.
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
  // The name in parentheses may hold spaces, so fields are counted from behind it:
  // state is the 3rd field, the parent the 4th, resident pages the 24th (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    parent: Number(fields[1]),
    isRunning: fields[0] !== "Z" && fields[0] !== "X",
    rssMiB: Number(fields[21]) * pageMiB,
  };
}
