/** What is wrong with one argument. */
export interface ArgumentProblem {
  /** Path of the argument, e.g. `gpuPool.maxCount`. */
  propertyPath: string;
  /** What is wrong, the value seen and the remedy; reads on from the path. */
  reason: string;
}

/** A problem in the words that every check uses: rule, value seen, remedy. */
export function problem(
  propertyPath: string,
  rule: string,
  seen: unknown,
  remedy: string,
): ArgumentProblem {
  return { propertyPath, reason: `${rule}, got ${JSON.stringify(seen) ?? "nothing"}. ${remedy}` };
}
