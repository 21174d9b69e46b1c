/** What is wrong with one argument. */
export interface ArgumentProblem {
  /** Path of the argument, e.g. `gpuPool.maxCount`. */
  propertyPath: string;
  /** What is wrong, the value seen and the remedy; reads on from the path. */
  reason: string;
}

/** Arguments without those that are another component's outputs, images or charts. */
export type Choices<Args, Given extends keyof Args> = Omit<Args, Given>;

/** What a text must look like. */
export interface TextFormat {
  pattern: RegExp;
  /** The pattern in words. */
  rule: string;
  /** What to write instead. */
  remedy: string;
}

/** Bounds of a count, both inclusive. */
export interface CountBounds {
  least: number;
  /** @default - as many as you like */
  most?: number;
  /** What is counted, e.g. `days`. */
  unit: string;
  /** @default "Choose a number in that range." */
  remedy?: string;
}

/** A problem in the words that every check uses: rule, value seen, remedy. */
export function problem(
  propertyPath: string,
  rule: string,
  seen: unknown,
  remedy: string,
): ArgumentProblem {
  return { propertyPath, reason: `${rule}, got ${shown(seen)}. ${remedy}` };
}

/** Checks a count. One that is left out is none of its business. */
export function countProblems(
  propertyPath: string,
  value: number | undefined,
  { least, most = Infinity, unit, remedy = "Choose a number in that range." }: CountBounds,
): ArgumentProblem[] {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) {
    return [];
  }
  const range = most === Infinity ? `, ${least} or more` : ` from ${least} to ${most}`;
  return [problem(propertyPath, `must be a whole number of ${unit}${range}`, value, remedy)];
}

/** Checks a text. One that is left out is none of its business. */
export function textProblems(
  propertyPath: string,
  value: string | undefined,
  { pattern, rule, remedy }: TextFormat,
): ArgumentProblem[] {
  return value === undefined || pattern.test(value)
    ? []
    : [problem(propertyPath, rule, value, remedy)];
}

/** Checks a choice, which programs in other languages may spell as they like. */
export function choiceProblems(
  propertyPath: string,
  value: string | undefined,
  choices: Record<string, string>,
): ArgumentProblem[] {
  const offered = Object.values(choices);
  return value === undefined || offered.includes(value)
    ? []
    : [problem(propertyPath, `must be one of ${offered.join(", ")}`, value, "Pick one.")];
}

/** Checks that no value of a list is there twice. */
export function repeatProblems(propertyPath: string, values: string[]): ArgumentProblem[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) < index
      ? [problem(`${propertyPath}[${index}]`, "must be named once", value, "Remove the repeat.")]
      : [],
  );
}

/** Characters of a value that a message quotes: enough to find it by. */
const mostShown = 120;

/** A value as messages quote it: cut where it is long, and without the password of an address. */
export function shown(value: unknown): string {
  // JSON has no word for NaN and Infinity, and would call them null.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
  const open = text.replace(/:\/\/[^\s/?#"]*@/g, "://…@");
  return open.length > mostShown ? `${open.slice(0, mostShown - 1)}…` : open;
}
