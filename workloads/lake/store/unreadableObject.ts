/**
 * An object isn't what its key says. Whoever reads many names it and goes on with the others: its
 * writer must not be able to hide what others wrote.
 */
export class UnreadableObjectError extends Error {
  override readonly name = "UnreadableObjectError";

  constructor(
    readonly key: string,
    /** What is wrong with it. */
    readonly problem: string,
  ) {
    super(`${key} can't be read: ${problem}`);
  }
}
