import type { Expression, Path } from "./expression";

/** A value, and where it was found: keys and indexes from the object's root. */
export interface Located {
  value: unknown;
  location: (string | number)[];
}

/** What the variables of an expression stand for. */
export type Scope = Readonly<Record<string, Located>>;

/** Tells of a value that it is there but not known yet, such as a template's `${NAME}`. */
export type IsOpen = (value: unknown) => boolean;

/** A value at a path, with the deepest location that exists. Only the keys named are read. */
export function find(scope: Scope, path: Path, isOpen: IsOpen): Located & { isThere: boolean } {
  const [variable, ...keys] = path;
  const start = scope[variable!];
  if (start === undefined) {
    throw new Error(`a rule names the variable "${variable}" outside its loop`);
  }
  let { value } = start;
  const location = [...start.location];
  for (const key of keys) {
    if (isOpen(value)) {
      break;
    }
    const next = isContainer(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    // Kubernetes drops a null on its way in.
    if (next === undefined || next === null) {
      return { value: undefined, location, isThere: false };
    }
    value = next;
    location.push(key);
  }
  return { value, location, isThere: value !== undefined && value !== null };
}

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}

/**
 * Whether an expression holds; undefined where that hangs on an open value. What looks into a list
 * holds for nothing else: the API server has refused such an object by its schema.
 */
export function evaluate(
  expression: Expression,
  scope: Scope,
  isOpen: IsOpen,
): boolean | undefined {
  switch (expression.op) {
    case "not": {
      const result = evaluate(expression.of, scope, isOpen);
      return result === undefined ? undefined : !result;
    }
    case "all":
      return conjunction(expression.of, (of) => evaluate(of, scope, isOpen));
    case "any":
      return disjunction(expression.of, (of) => evaluate(of, scope, isOpen));
    case "some":
    case "every": {
      const list = find(scope, expression.path, isOpen);
      if (isOpen(list.value)) {
        return undefined;
      }
      if (list.isThere && !Array.isArray(list.value)) {
        return false;
      }
      const elements = list.isThere ? [...(list.value as unknown[]).keys()] : [];
      const test = (index: number) =>
        evaluate(
          expression.where,
          {
            ...scope,
            [expression.as]: {
              value: (list.value as unknown[])[index],
              location: [...list.location, index],
            },
          },
          isOpen,
        );
      return expression.op === "some" ? disjunction(elements, test) : conjunction(elements, test);
    }
    case "everyKey": {
      const map = find(scope, expression.path, isOpen);
      if (isOpen(map.value)) {
        return undefined;
      }
      if (!map.isThere) {
        return true;
      }
      if (!isContainer(map.value) || Array.isArray(map.value)) {
        return false;
      }
      return conjunction(Object.keys(map.value), (key) =>
        evaluate(
          expression.where,
          { ...scope, [expression.as]: { value: key, location: [...map.location, key] } },
          isOpen,
        ),
      );
    }
    default: {
      const { value, isThere } = find(scope, expression.path, isOpen);
      if (expression.op === "present") {
        return isThere;
      }
      if (!isThere) {
        return false;
      }
      return isOpen(value) ? undefined : compare(expression, value, isOpen);
    }
  }
}

type Comparison = Extract<
  Expression,
  { op: "equals" | "oneOf" | "matches" | "atLeast" | "atMost" | "includes" }
>;

function compare(expression: Comparison, value: unknown, isOpen: IsOpen): boolean | undefined {
  switch (expression.op) {
    case "equals":
      return value === expression.value;
    case "oneOf":
      return expression.values.includes(value as string);
    case "matches":
      return typeof value === "string" && new RegExp(expression.pattern).test(value);
    case "atLeast":
      return typeof value === "number" && value >= expression.value;
    case "atMost":
      return typeof value === "number" && value <= expression.value;
    case "includes":
      return (
        Array.isArray(value) &&
        disjunction(value, (element) =>
          isOpen(element) ? undefined : element === expression.value,
        )
      );
  }
}

function conjunction<T>(
  items: readonly T[],
  test: (item: T) => boolean | undefined,
): boolean | undefined {
  let result: boolean | undefined = true;
  for (const item of items) {
    const one = test(item);
    if (one === false) {
      return false;
    }
    if (one === undefined) {
      result = undefined;
    }
  }
  return result;
}

function disjunction<T>(
  items: readonly T[],
  test: (item: T) => boolean | undefined,
): boolean | undefined {
  const inverse = conjunction(items, (item) => {
    const one = test(item);
    return one === undefined ? undefined : !one;
  });
  return inverse === undefined ? undefined : !inverse;
}
