import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";

/** A service's `main.ts` as a process of its own. */
export interface ChildService {
  child: ChildProcess;
  /** Standard error so far. */
  output(): string;
  /** Resolves with the first capture of `pattern` in the output. */
  waitFor(pattern: RegExp): Promise<string>;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const clone = resolve(__dirname, "../../..");
const waitMs = 30_000;

/**
 * Starts `node --import tsx workloads/<workload>/main.ts` with exactly this environment; `through`
 * is a command that ends by executing the one given to it: `["prlimit", "--nofile=128"]`.
 */
export function startChildService(
  workload: string,
  env: NodeJS.ProcessEnv,
  through: readonly string[] = [],
): ChildService {
  const main = join(clone, "workloads", workload, "main.ts");
  const [program, ...args] = [...through, process.execPath, "--import", "tsx", main];
  const child = spawn(program!, args, {
    cwd: clone,
    env: { PATH: process.env["PATH"], AWS_EC2_METADATA_DISABLED: "true", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  child.stderr!.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((settle) =>
    child.once("close", (code, signal) => settle({ code, signal })),
  );
  return {
    child,
    output: () => text,
    async waitFor(pattern) {
      const until = Date.now() + waitMs;
      for (;;) {
        const match = pattern.exec(text);
        if (match !== null) {
          return match[1] ?? match[0];
        }
        if (Date.now() > until || child.exitCode !== null) {
          throw new Error(`${workload} didn't say ${pattern}; it said:\n${text}`);
        }
        await new Promise((settle) => setTimeout(settle, 20));
      }
    },
    async end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
