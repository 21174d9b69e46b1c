import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../screen/userError";

/** How a program is run. */
export interface CommandOptions {
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** Told each line that the program writes, to either stream. */
  onLine?: (line: string) => void;
  /** Written to the program's standard input: where a secret goes, never on its command line. */
  input?: string;
  /** What to do where it fails; a program that is not there says its own. */
  remedy?: string;
  /** What to do where the program is not installed. */
  install?: string;
  /** What failed, in a message. @default the program and its first word */
  label?: string;
}

const lastLines = 12;

/**
 * Runs a program to its end.
 *
 * @returns what it wrote to standard output
 * @throws UserError with the last lines that it wrote, where it fails or is not installed
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  { cwd, env, signal, onLine, input, remedy, install, label }: CommandOptions = {},
): Promise<string> {
  const child = spawn(program, args, { cwd, signal, env: { ...process.env, ...env } });
  const said: string[] = [];
  let output = "";
  const listen = (line: string) => {
    said.push(line);
    said.splice(0, said.length - lastLines);
    onLine?.(line);
  };
  createInterface({ input: child.stderr }).on("line", listen);
  createInterface({ input: child.stdout }).on("line", (line) => {
    output += `${line}\n`;
    listen(line);
  });
  // A program that ends without reading is judged by its exit code.
  child.stdin.on("error", () => undefined).end(input ?? "");
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail).once("close", done);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      throw new UserError({ what: `${program} is not installed`, remedy: install });
    }
    throw error;
  });
  if (code !== 0) {
    const command = label ?? `${program} ${args.find((arg) => !arg.startsWith("-")) ?? ""}`.trim();
    throw new UserError({
      what: [`${command} ended with ${code}:`, ...said.map((line) => `    ${line}`)].join("\n"),
      remedy,
    });
  }
  return output;
}
