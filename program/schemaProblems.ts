import type { z } from "zod";
import { type ArgumentProblem, problem, shown } from "../components/argumentProblems";

/** What a value of each type is called, and how to write one. */
const types: Record<string, { noun: string; remedy: string }> = {
  number: { noun: "a number", remedy: "Write a number without quotes." },
  string: { noun: "a string", remedy: "Put it in quotes." },
  boolean: { noun: "true or false", remedy: "Write one of them without quotes." },
  array: { noun: "a list", remedy: "Write its entries in [ ] or on lines that start with -." },
  object: { noun: "a map of keys", remedy: "Write its keys below it, indented." },
  record: { noun: "a map of keys", remedy: "Write its keys below it, indented." },
};

/** Where someone may put a kubeconfig as a whole, with its tokens, instead of its path. */
const mayHoldKubeconfig = ["kubernetes", "kubernetes.kubeconfig"];

/** Keys that say who may do what stood elsewhere before. */
const movedKeys: [from: RegExp, to: string][] = [
  [/^aks\.adminGroupObjectIds$/, "access.administrators"],
  [/^serving\.jwt$/, "access.oidc"],
  [/^(projects\[\d+\])\.members$/, "$1.access.members"],
];

/** In place of a value that may be a secret. */
export const hidden = "a value that is not shown";

/** What the schema finds, in the words of every other check: rule, value seen, remedy. */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  settings: Record<string, unknown>,
): ArgumentProblem[] {
  return issues.flatMap((issue) => {
    const path = keyPath(issue.path);
    const seen = valueAt(settings, issue.path);
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((name) => unknownKey(keyPath([...issue.path, name])));
      case "invalid_type": {
        const { noun, remedy } = types[issue.expected] ?? { noun: issue.expected, remedy: "" };
        return seen === undefined
          ? [{ propertyPath: path, reason: `is missing. Set it to ${noun}.` }]
          : [
              mayHoldKubeconfig.includes(path)
                ? { propertyPath: path, reason: `must be ${noun}, got ${hidden}. ${remedy}` }
                : problem(path, `must be ${noun}`, seen, remedy),
            ];
      }
      case "invalid_value":
        return [problem(path, `must be one of ${issue.values.join(", ")}`, seen, "Pick one.")];
      default:
        // The schema has no other checks; a new one must say its own remedy.
        throw new Error(`no words for the schema's ${issue.code} at ${path}: ${shown(seen)}`);
    }
  });
}

function unknownKey(propertyPath: string): ArgumentProblem {
  const move = movedKeys.find(([from]) => from.test(propertyPath));
  const reason = move
    ? `is ${propertyPath.replace(...move)} now. Write its value there.`
    : "is not a known key. Remove it, or correct its spelling.";
  return { propertyPath, reason };
}

function keyPath(parts: readonly PropertyKey[]): string {
  return parts
    .map((part, i) =>
      typeof part === "number" ? `[${part}]` : `${i > 0 ? "." : ""}${String(part)}`,
    )
    .join("");
}

function valueAt(value: unknown, parts: readonly PropertyKey[]): unknown {
  return parts.reduce<unknown>(
    (inner, part) => (inner === null || inner === undefined ? undefined : (inner as any)[part]),
    value,
  );
}
