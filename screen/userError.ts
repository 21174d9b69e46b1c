/** One thing that the user has to change. */
export interface Problem {
  /** What is wrong, with the name of the key, option, file or program; no full stop. */
  what: string;
  /** The value seen, as {@link shown} gives it, where the problem is a value. */
  seen?: string;
  /** What to do about it, as one sentence or more. Only a text from elsewhere may say it itself. */
  remedy?: string;
  /** File with the details. */
  log?: string;
}

/** Something the user has to change. A command prints it without a stack trace. */
export class UserError extends Error {
  readonly problems: readonly Problem[];

  /** Takes all problems at once, so that they can be mended in one go. */
  constructor(...problems: Problem[]) {
    super(problems.map(problemText).join("\n"));
    this.name = "UserError";
    this.problems = problems;
  }
}

/**
 * A problem as text: one line, or where a program's output is in it, the remedy on a line of its
 * own.
 */
export function problemText({ what, seen, remedy, log }: Problem): string {
  const head = seen === undefined ? what : `${what}, got ${seen}`;
  const place = log === undefined ? undefined : `The log is ${log}.`;
  const more = [remedy, place].filter((text) => text !== undefined).join(" ");
  if (more === "") {
    return head;
  }
  return head.includes("\n") ? `${head}\n${more}` : `${head}. ${more}`;
}

/** A value as an error message shows it, cut where it is long. */
export function shown(value: unknown): string {
  if (value === undefined) {
    return "nothing";
  }
  const text = JSON.stringify(value, (_key, item: unknown) =>
    typeof item === "bigint" ? item.toString() : item,
  );
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
