/**
 * Something the user has to change. Its message says everything; a command prints it without a
 * stack trace.
 */
export class UserError extends Error {
  constructor(
    /** One entry a problem, each with the key or component, the value seen and the remedy. */
    public readonly problems: string[],
  ) {
    super(problems.join("\n"));
    this.name = "UserError";
  }
}
