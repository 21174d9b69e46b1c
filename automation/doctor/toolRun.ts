import { type ExecFileException, execFile } from "node:child_process";
import type { z } from "zod";

/** What a tool answered. */
export interface ToolAnswer {
  /** False where it is not on PATH, could not be run, ended with an error or took too long. */
  isGood: boolean;
  /** True where there is no such tool on PATH. */
  isMissing: boolean;
  stdout: string;
  /** The last line that it wrote to stderr, or why it could not be run. */
  error: string;
}

/** Runs a tool to its end and keeps what it writes. Rejects only when `signal` aborts. */
export type RunTool = (tool: string, ...args: string[]) => Promise<ToolAnswer>;

/** Longest that a tool may take: `az vm list-skus` needs a minute for a large region. */
const timeoutMs = 120_000;
const maxBuffer = 64 * 1024 * 1024;

/** Tools on the PATH of this process, in a folder. */
export function toolsOnPath(folder: string, signal: AbortSignal): RunTool {
  return (tool, ...args) =>
    new Promise((done, fail) => {
      const options = { cwd: folder, signal, timeout: timeoutMs, maxBuffer };
      execFile(tool, args, options, (error, stdout, stderr) => {
        if (signal.aborted) {
          fail(signal.reason);
          return;
        }
        const said = stderr.trim().split("\n").at(-1)?.trim() ?? "";
        const isMissing = error?.code === "ENOENT";
        const why = error === null ? "" : said || failureOf(error, [tool, ...args].join(" "));
        done({ isGood: error === null, isMissing, stdout, error: why });
      });
    });
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
