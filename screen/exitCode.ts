/** How a command ends. */
export enum ExitCode {
  Good = 0,
  /** What it ran failed: program, policy, step, a bench's goal; or a secret is in the open. */
  Failed = 1,
  /** Wrong arguments, configuration or surroundings: the user has to change something. */
  Usage = 2,
  /** Ctrl-C. */
  Interrupted = 130,
}
