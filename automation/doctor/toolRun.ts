import { type ExecFileException, execFile } from "node:child_process";
import { delimiter } from "node:path";
import type { z } from "zod";

/** What a tool answered. */
export interface ToolAnswer {
  /** False where it is not on PATH, could not be run, ended with an error or took too long. */
  isGood: boolean;
  /** True where PATH has no such tool, or one that can't be started; `error` says which. */
  isMissing: boolean;
  stdout: string;
  /** The last line that it wrote to stderr, or why it could not be run, e.g. `not on PATH`. */
  error: string;
}

/** Runs a tool to its end and keeps what it writes. Rejects only when `signal` aborts. */
export type RunTool = (tool: string, ...args: string[]) => Promise<ToolAnswer>;

/** Longest that a tool may take: `az vm list-skus` needs a minute for a large region. */
const timeoutMs = 120_000;
const maxBuffer = 64 * 1024 * 1024;

/** PATH as a user's shell has it: npm and npx put the bundled Node of this repository before it. */
export function userPath(path: string): string {
  return path
    .split(delimiter)
    .filter((folder) => !/(^|[\\/])node_modules[\\/]\.bin[\\/]?$/.test(folder))
    .join(delimiter);
}

/** Tools on the {@link userPath} of this process, in a folder. */
export function toolsOnPath(folder: string, signal: AbortSignal): RunTool {
  return (tool, ...args) =>
    new Promise((done, fail) => {
      const env = { ...process.env, PATH: userPath(process.env.PATH ?? "") };
      const options = { cwd: folder, env, signal, timeout: timeoutMs, maxBuffer };
      execFile(tool, args, options, (error, stdout, stderr) => {
        if (signal.aborted) {
          fail(signal.reason);
          return;
        }
        const said = stderr.trim().split("\n").at(-1)?.trim() ?? "";
        const missing = missingOf(error);
        const isGood = error === null;
        const why = isGood ? "" : missing || said || failureOf(error, [tool, ...args].join(" "));
        done({ isGood, isMissing: missing !== undefined, stdout, error: why });
      });
    });
}

/** Why a tool did not even start; undefined where it did. */
function missingOf(error: ExecFileException | null): string | undefined {
  if (error?.syscall === undefined || !error.syscall.startsWith("spawn")) {
    return undefined;
  }
  return error.code === "ENOENT" ? "not on PATH" : `on PATH, but can't be run (${error.code})`;
}

/** Why a tool that wrote nothing to stderr gave no answer. */
function failureOf({ code, signal, killed, message }: ExecFileException, command: string): string {
  if (killed) {
    return `\`${command}\` took longer than ${timeoutMs / 1000} s`;
  }
  return signal
    ? `\`${command}\` was ended by ${signal}`
    : typeof code === "number"
      ? `\`${command}\` ended with ${code}`
      : message.trim();
}

/** A tool's answer as data; undefined where the tool failed or wrote something else. */
export function answerAs<T extends z.ZodType>(
  schema: T,
  { isGood, stdout }: ToolAnswer,
): z.infer<T> | undefined {
  if (!isGood) {
    return undefined;
  }
  try {
    return schema.safeParse(JSON.parse(stdout)).data;
  } catch {
    return undefined;
  }
}
