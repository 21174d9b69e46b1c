/**
 * The language of rules about Kubernetes objects: small enough to mean the same in this process
 * (evaluate.ts) and in the API server's CEL (cel.ts).
 */

/**
 * A place in an object: a variable, then keys and list indexes. `*`, in loops only, is every
 * element.
 */
export type Path = readonly (string | number)[];

/**
 * A condition. A path that leads nowhere is absent; every comparison with an absent value is false.
 */
export type Expression =
  | { op: "present"; path: Path }
  | { op: "equals"; path: Path; value: string | number | boolean }
  | { op: "oneOf"; path: Path; values: readonly string[] }
  /** A string that an RE2 pattern is found in. */
  | { op: "matches"; path: Path; pattern: string }
  | { op: "atLeast" | "atMost"; path: Path; value: number }
  /** A list that holds the value. */
  | { op: "includes"; path: Path; value: string }
  /** Quantifiers over a list; an absent list is empty. */
  | { op: "some" | "every"; as: string; path: Path; where: Expression }
  /** Quantifier over the keys of a map; an absent map has none. */
  | { op: "everyKey"; as: string; path: Path; where: Expression }
  | { op: "not"; of: Expression }
  | { op: "all" | "any"; of: readonly Expression[] };

/** `at("object.spec", "a.b/c")`: a dotted start, then keys that may hold dots. */
export function at(dotted: string, ...keys: (string | number)[]): Path {
  return [...dotted.split("."), ...keys];
}

const pathOf = (path: string | Path): Path => (typeof path === "string" ? at(path) : path);

export const present = (path: string | Path): Expression => ({ op: "present", path: pathOf(path) });
export const equals = (path: string | Path, value: string | number | boolean): Expression => ({
  op: "equals",
  path: pathOf(path),
  value,
});
export const oneOf = (path: string | Path, values: readonly string[]): Expression => ({
  op: "oneOf",
  path: pathOf(path),
  values,
});
export const matches = (path: string | Path, pattern: string): Expression => ({
  op: "matches",
  path: pathOf(path),
  pattern,
});
export const atLeast = (path: string | Path, value: number): Expression => ({
  op: "atLeast",
  path: pathOf(path),
  value,
});
export const atMost = (path: string | Path, value: number): Expression => ({
  op: "atMost",
  path: pathOf(path),
  value,
});
export const includes = (path: string | Path, value: string): Expression => ({
  op: "includes",
  path: pathOf(path),
  value,
});
export const some = (as: string, path: string | Path, where: Expression): Expression => ({
  op: "some",
  as,
  path: pathOf(path),
  where,
});
export const every = (as: string, path: string | Path, where: Expression): Expression => ({
  op: "every",
  as,
  path: pathOf(path),
  where,
});
export const everyKey = (as: string, path: string | Path, where: Expression): Expression => ({
  op: "everyKey",
  as,
  path: pathOf(path),
  where,
});
export const not = (of: Expression): Expression => ({ op: "not", of });
export const all = (...of: Expression[]): Expression => ({ op: "all", of });
export const any = (...of: Expression[]): Expression => ({ op: "any", of });
export const absent = (path: string | Path): Expression => not(present(path));
/** Holds for nothing: the object may not exist at all. */
export const never: Expression = { op: "any", of: [] };
