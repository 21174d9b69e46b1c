import type { ExitCode } from "../screen/exitCode";
import type { OutputStream } from "../screen/outputStream";

/** What a command of `mlp` works with. Tests give their own. */
export interface CliContext {
  /** Folder of the repository: where `Pulumi.yaml` is. */
  projectDir: string;
  /** Folder of the platform's own policy pack. */
  policyDir: string;
  /** Folder that paths on the command line are relative to. */
  workingDir: string;
  /** Aborted by Ctrl-C; a command passes it on to everything that waits or runs. */
  signal: AbortSignal;
  stdout: OutputStream;
  stderr: OutputStream;
  /** Set while a program runs that answers Ctrl-C itself: this process then ends after it. */
  hasLentTerminal?: boolean;
  /** Set by a command that ran to its end with a bad result. */
  exitCode: ExitCode;
}
