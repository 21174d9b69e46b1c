import { CommanderError } from "commander";
import { ExitCode } from "./exitCode";
import { layoutOf } from "./layout";
import type { OutputStream } from "./outputStream";
import { printable, wrap } from "./text";
import { UserError, problemText } from "./userError";

/** Says under a program's name what ended it, and gives the exit code that this has. */
export function reportError(error: unknown, program: string, stream: OutputStream): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has written its own errors, and pages of help end with its code 0.
    return error.exitCode === 0 ? ExitCode.Good : ExitCode.Usage;
  }
  if (process.env.MLP_DEBUG) {
    stream.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  if (error instanceof UserError) {
    for (const problem of error.problems) {
      writeProblem(problemText(problem), program, stream);
    }
    return ExitCode.Usage;
  }
  writeProblem(error instanceof Error ? error.message : String(error), program, stream);
  stream.write("MLP_DEBUG=1 shows where this comes from.\n");
  return ExitCode.Failed;
}

/** Writes a problem: in a pipe as it is, on a terminal broken to its width. */
export function writeProblem(text: string, program: string, stream: OutputStream): void {
  const { width, isTerminal } = layoutOf(stream);
  const lead = `${program}: `;
  const lines = text
    .split("\n")
    .map(printable)
    // Lines that are indented are another program's output.
    .flatMap((line) => (isTerminal && !/^\s/.test(line) ? wrap(line, width - lead.length) : line));
  const [first, ...more] = lines;
  const indent = isTerminal ? " ".repeat(lead.length) : "";
  stream.write(`${[`${lead}${first}`, ...more.map((line) => indent + line)].join("\n")}\n`);
}

/** For Commander: its errors under the program's name too, instead of "error". */
export function outputErrorAs(program: string) {
  return (text: string, write: (text: string) => void): void => {
    write(text.replace(/^error: /, `${program}: `));
  };
}
