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
  /** Set by a command that ran to its end with a bad result. */
  exitCode: ExitCode;
}

/** A stream that may be a terminal. */
export interface OutputStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** How `mlp` ends. */
export enum ExitCode {
  Good = 0,
  /** The program or a policy failed, or a secret is in the open. */
  Failed = 1,
  /** Wrong arguments or configuration. */
  Usage = 2,
  /** Ctrl-C. */
  Interrupted = 130,
}
