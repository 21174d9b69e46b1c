import { reportError } from "./reportError";

/** Runs a program's main function; its exit code, or that of its error, becomes the process's. */
export async function runMain(program: string, main: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await main()) ?? process.exitCode;
  } catch (error) {
    process.exitCode = reportError(error, program, process.stderr);
  }
}
