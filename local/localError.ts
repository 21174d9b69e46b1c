/** A step of the local run cannot go on: why, what to do about it, and where to read more. */
export class LocalError extends Error {
  constructor(
    message: string,
    /** What the reader can do about it. */
    readonly remedy: string,
    /** File with the details. */
    readonly log?: string,
  ) {
    super(message);
    this.name = "LocalError";
  }
}

/** The run was asked to stop, by Ctrl-C or a signal. */
export class Interrupted extends Error {
  constructor(readonly signal: string) {
    super(`interrupted by ${signal}`);
    this.name = "Interrupted";
  }
}
