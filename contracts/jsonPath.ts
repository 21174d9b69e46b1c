/** A step of a path into a JSON document, by which a redaction rule names a value. */
export type PathStep =
  | { kind: "member"; name: string }
  | { kind: "index"; index: number }
  /** Any member or element. */
  | { kind: "each" }
  /** Any depth. */
  | { kind: "descend" }
  /** The elements whose member has this text. */
  | { kind: "filter"; member: string; value: string };

const stepPatterns: [RegExp, (match: RegExpExecArray) => PathStep[]][] = [
  [/^\.\.(?=[[*\p{L}\p{N}_$-])/u, () => [{ kind: "descend" }]],
  [/^\.?\*/, () => [{ kind: "each" }]],
  [/^\.?([\p{L}\p{N}_$-]+)/u, ([, name]) => [{ kind: "member", name: name! }]],
  [/^\[\*\]/, () => [{ kind: "each" }]],
  [/^\[(\d{1,9})\]/, ([, index]) => [{ kind: "index", index: Number(index) }]],
  [/^\['([^']*)'\]/, ([, name]) => [{ kind: "member", name: name! }]],
  [/^\["([^"]*)"\]/, ([, name]) => [{ kind: "member", name: name! }]],
  [
    /^\[\?\(?@\.([\p{L}\p{N}_-]+)\s*==\s*(?:'([^']*)'|"([^"]*)")\)?\]/u,
    ([, member, single, double]) => [
      { kind: "filter", member: member!, value: (single ?? double)! },
    ],
  ],
];

/**
 * Reads a JSON path (RFC 9535: members, indexes, `*`, `..` and equality filters). A text says why
 * it can't be read.
 */
export function readJsonPath(path: string): PathStep[] | string {
  if (!path.startsWith("$")) {
    return `path must begin with $, got ${JSON.stringify(path.slice(0, 100))}`;
  }
  const steps: PathStep[] = [];
  let rest = path.slice(1);
  while (rest !== "") {
    const found = stepOf(rest, steps[steps.length - 1]?.kind === "descend");
    if (found === undefined) {
      return (
        `path ${JSON.stringify(path.slice(0, 100))} can't be read from ` +
        `${JSON.stringify(rest.slice(0, 40))} on`
      );
    }
    steps.push(...found.steps);
    rest = rest.slice(found.length);
  }
  // Two would let a deeply nested payload take quadratic time a value.
  if (steps.filter(({ kind }) => kind === "descend").length > 1) {
    return `path ${JSON.stringify(path.slice(0, 100))} has more than one ".."`;
  }
  return steps.length === 0 || steps[steps.length - 1]!.kind === "descend"
    ? `path ${JSON.stringify(path)} names no value inside the document`
    : steps;
}

function stepOf(
  text: string,
  isBareAllowed: boolean,
): { steps: PathStep[]; length: number } | undefined {
  // `$..name` has its name without a dot; `$name` is no path.
  const isBare = !/^[.[]/.test(text);
  if (isBare && !isBareAllowed) {
    return undefined;
  }
  for (const [pattern, read] of stepPatterns) {
    const match = pattern.exec(text);
    if (match !== null) {
      return { steps: read(match), length: match[0].length };
    }
  }
  return undefined;
}
