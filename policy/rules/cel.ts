import type { Expression, Path } from "./expression";
import type { ObjectKind } from "./objectKinds";
import type { Loop, ObjectRule, Requirement } from "./objectRule";

/** An entry of `spec.validations` of a ValidatingAdmissionPolicy. */
export interface CelValidation {
  expression: string;
  /** Stands in where `messageExpression` fails or grows too long. */
  message: string;
  /** The message of previews, for every place that is wrong. */
  messageExpression: string;
}

/** The requirements of a rule in CEL, over `object` and the variable `pods`. */
export function celValidations(rule: ObjectRule): CelValidation[] {
  return rule.requirements.map((requirement) => {
    const kinds = requirement.kinds ?? rule.kinds;
    const check = cel(requirement.check);
    const holds = requirement.when ? `(!(${cel(requirement.when)}) || ${check})` : check;
    const nest = (body: string, wrap: (list: string, as: string, inner: string) => string) =>
      [...(requirement.forEach ?? [])].reduceRight(
        (inner, loop) => wrap(celLoop(loop), loop.as, inner),
        body,
      );
    const expression = nest(holds, (list, as, inner) => `${list}.all(${as}, ${inner})`);
    const complaints = nest(
      `(${holds} ? '' : ${celMessage(requirement)})`,
      (list, as, inner) => `${list}.map(${as}, ${inner}).filter(text, text != '').join(' ')`,
    );
    return {
      expression:
        kinds.length === rule.kinds.length ? expression : `!(${kindIn(kinds)}) || ${expression}`,
      message: `${requirement.must} (${rule.name}).`,
      messageExpression: complaints,
    };
  });
}

/** What is wrong in one round of the loops, as text. */
function celMessage({ problem, remedy, seen, forEach }: Requirement): string {
  const subject: Path = seen ?? [forEach?.at(-1)?.as ?? "object"];
  const parts = problem
    .split(/(\{[\w.]+\})/)
    .filter((part) => part !== "")
    .map((part) => {
      const name = /^\{(.+)\}$/.exec(part)?.[1];
      if (name === undefined) {
        return celString(part);
      }
      return celShown(celPath(name === "seen" ? subject : name.split(".")));
    });
  const name = "object.metadata.?name.orValue('')";
  return (
    `(object.kind + ' "' + ${name} + '": ' + ${parts.join(" + ")} + ` +
    `${celString(`: ${remedy}.`)})`
  );
}

/** An optional value as text; lists and maps have none in CEL. */
function celShown(path: string): string {
  // Without dyn, the checker takes the first comparison for the type of the value.
  const value = `dyn(${path}.value())`;
  // One by one: a list of types would need one type for its elements.
  const isPlain = ["int", "double", "bool"].map((type) => `type(${value}) == ${type}`).join(" || ");
  const scalar =
    `type(${value}) == string ? '"' + string(${value}) + '"' : (${isPlain} ? string(${value}) ` +
    ": 'another value')";
  return `(${path}.hasValue() ? (${scalar}) : 'unset')`;
}

const kindIn = (kinds: readonly ObjectKind[]) =>
  `object.kind in [${kinds.map(({ kind }) => celString(kind)).join(", ")}]`;

/** Variables of a policy that stand for places which differ by kind. */
export const placeVariables = ["pods", "overlays"] as const;

/** A variable of a rule: every pod spec, or every part of a container, of the object. */
export function celPlaces(
  kinds: readonly ObjectKind[],
  places: (typeof placeVariables)[number],
): string {
  // Kinds with the same paths share a list: `spec` is a pod's here and something else elsewhere.
  const byPaths = new Map<string, ObjectKind[]>();
  for (const kind of kinds) {
    const paths = kind[places] ?? [];
    if (paths.length > 0) {
      const list = celConcat(paths.map(celList));
      byPaths.set(list, [...(byPaths.get(list) ?? []), kind]);
    }
  }
  const lists = [...byPaths].map(([list, members]) => `(${kindIn(members)} ? ${list} : [])`);
  return lists.length === 0 ? "[]" : lists.join(" + ");
}

/** The list that a loop runs over. */
function celLoop(loop: Loop): string {
  return typeof loop.in === "string" ? `variables.${loop.in}` : celConcat(loop.in.map(celList));
}

const celConcat = (lists: string[]) => (lists.length === 1 ? lists[0]! : `(${lists.join(" + ")})`);

/** The values at a path, `*` being every element, as a list. */
function celList(path: Path): string {
  const star = path.indexOf("*");
  if (star < 0) {
    return `(${celPath(path)}.hasValue() ? [${celPath(path)}.value()] : [])`;
  }
  const list = `${celPath(path.slice(0, star))}.orValue([])`;
  const rest = path.slice(star + 1);
  if (rest.length === 0) {
    return list;
  }
  const inner = celPath(["element", ...rest]);
  return `${list}.filter(element, ${inner}.hasValue()).map(element, ${inner}.value())`;
}

/** An expression as CEL. Absent values stay optional up to the comparison, so nothing errors. */
export function cel(expression: Expression): string {
  switch (expression.op) {
    case "present":
      return `${celPath(expression.path)}.hasValue()`;
    case "equals":
      return `${celPath(expression.path)} == optional.of(${celValue(expression.value)})`;
    case "oneOf":
      return (
        `${celPath(expression.path)}.orValue('') in ` +
        `[${expression.values.map(celString).join(", ")}]`
      );
    case "matches":
      return `${celPath(expression.path)}.orValue('').matches(${celString(expression.pattern)})`;
    case "atLeast":
    case "atMost": {
      const path = celPath(expression.path);
      const operator = expression.op === "atLeast" ? ">=" : "<=";
      return `(${path}.hasValue() && ${path}.value() ${operator} ${expression.value})`;
    }
    case "includes":
      return `${celString(expression.value)} in ${celPath(expression.path)}.orValue([])`;
    case "some":
    case "every": {
      const macro = expression.op === "some" ? "exists" : "all";
      return (
        `${celPath(expression.path)}.orValue([]).${macro}(${expression.as}, ` +
        `${cel(expression.where)})`
      );
    }
    case "everyKey":
      return (
        `${celPath(expression.path)}.orValue({}).all(${expression.as}, ` +
        `${cel(expression.where)})`
      );
    case "not":
      return `!(${cel(expression.of)})`;
    case "all":
    case "any": {
      const [operator, ofNothing] = expression.op === "all" ? [" && ", "true"] : [" || ", "false"];
      if (expression.of.length === 0) {
        return ofNothing;
      }
      return `(${expression.of.map(cel).join(operator)})`;
    }
  }
}

/** A path as an optional value. */
function celPath([variable, ...keys]: Path): string {
  if (keys.length === 0) {
    return `optional.of(${variable})`;
  }
  return keys.reduce<string>((path, key) => {
    if (typeof key === "number") {
      return `${path}[?${key}]`;
    }
    return /^[A-Za-z_]\w*$/.test(key) ? `${path}.?${key}` : `${path}[?${celString(key)}]`;
  }, String(variable));
}

const celValue = (value: string | number | boolean) =>
  typeof value === "string" ? celString(value) : String(value);

const celString = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
