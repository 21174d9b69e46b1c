import { evaluate, find, type IsOpen, type Located, type Scope } from "./evaluate";
import type { Expression, Path } from "./expression";
import { containerLists, type ObjectKind } from "./objectKinds";

/** Runs a requirement once for each value at the paths. */
export interface Loop {
  as: string;
  /** `pods`, `overlays`: every pod spec, or part of a container, of the object's kind. */
  in: readonly Path[] | "pods" | "overlays";
}

/** One sentence that an object has to fulfil. */
export interface Requirement {
  /** Kinds that it is about. @default all of the rule */
  kinds?: readonly ObjectKind[];
  forEach?: readonly Loop[];
  /** Only where this holds. */
  when?: Expression;
  check: Expression;
  /** Where the value to show is. @default the innermost loop's */
  seen?: Path;
  /** The sentence, as the API server prints it. */
  must: string;
  /** What is wrong: `{seen}` and `{container.name}` are filled in. */
  problem: string;
  /** What to do, in the imperative. */
  remedy: string;
}

/**
 * A policy over Kubernetes objects as data: for previews, for manifests, and for the API server.
 */
export interface ObjectRule {
  /** `mlplatform-…`; the admission policy takes it too. */
  name: string;
  /** One sentence, shown in reports. */
  description: string;
  kinds: readonly ObjectKind[];
  requirements: readonly Requirement[];
  /** Why no admission policy is made from it. */
  notAtAdmission?: string;
  /** Repairs an object in place, where that takes no decision. */
  repair?: (kind: ObjectKind, object: Record<string, any>) => void;
}

/** One broken requirement of one object. */
export interface Violation {
  message: string;
  /** Keys and indexes from the object's root to the value, or to where it should be. */
  location: (string | number)[];
}

/** Every pod of an object. */
export const eachPod: readonly Loop[] = [{ as: "pod", in: "pods" }];

/** Every container of every pod of an object. */
export const eachContainer: readonly Loop[] = [
  ...eachPod,
  { as: "container", in: containerLists.map((list) => ["pod", list, "*"]) },
];

/** Every part of a container that an operator lays over one that it has. */
export const eachOverlay: readonly Loop[] = [{ as: "container", in: "overlays" }];

/**
 * Yields the requirements that an object breaks, one by one: reading a value that a preview does
 * not know throws, and what was found before is still reported.
 */
export function* violations(
  rule: ObjectRule,
  kind: ObjectKind,
  name: string,
  object: unknown,
  isOpen: IsOpen = () => false,
): Generator<Violation> {
  const root = rootScope(object);
  for (const requirement of rule.requirements) {
    if (!(requirement.kinds ?? rule.kinds).includes(kind)) {
      continue;
    }
    for (const scope of scopes(requirement.forEach ?? [], kind, root, isOpen)) {
      if (requirement.when && evaluate(requirement.when, scope, isOpen) !== true) {
        continue;
      }
      if (evaluate(requirement.check, scope, isOpen) !== false) {
        continue;
      }
      const subject = scope[requirement.forEach?.at(-1)?.as ?? "object"]!;
      const seen = requirement.seen ? find(scope, requirement.seen, isOpen) : subject;
      const place = subject.location.length === 0 ? "" : `, ${shownPath(subject.location)}`;
      const problem = fill(requirement.problem, scope, seen, isOpen);
      yield {
        message: `${kind.kind} "${name}"${place}: ${problem}: ${requirement.remedy}.`,
        location: seen.location,
      };
    }
  }
}

/** What the API server knows besides the object, nobody else does. */
function rootScope(object: unknown): Scope {
  const atServer = { value: undefined, location: [] };
  return { object: { value: object, location: [] }, request: atServer, oldObject: atServer };
}

/** The variables of every round of the loops in an object, where a condition holds. */
export function* subjects(
  loops: readonly Loop[],
  kind: ObjectKind,
  object: unknown,
  when: Expression,
): Generator<Scope> {
  const isOpen = () => false;
  for (const scope of scopes(loops, kind, rootScope(object), isOpen)) {
    if (evaluate(when, scope, isOpen) === true) {
      yield scope;
    }
  }
}

/** `spec.containers[0]`, with keys that hold dots in quotes. */
export function shownPath(location: readonly (string | number)[]): string {
  return location
    .map((key, index) => {
      if (typeof key === "number") {
        return `[${key}]`;
      }
      if (!/^[\w-]+$/.test(key)) {
        return `["${key}"]`;
      }
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}

function* scopes(
  loops: readonly Loop[],
  kind: ObjectKind,
  scope: Scope,
  isOpen: IsOpen,
): Generator<Scope> {
  const [loop, ...inner] = loops;
  if (loop === undefined) {
    yield scope;
    return;
  }
  for (const path of pathsOf(loop, kind)) {
    for (const value of expand(path, scope, isOpen)) {
      yield* scopes(inner, kind, { ...scope, [loop.as]: value }, isOpen);
    }
  }
}

function pathsOf(loop: Loop, kind: ObjectKind): readonly Path[] {
  return typeof loop.in === "string" ? (kind[loop.in] ?? []) : loop.in;
}

/** The values at a path with `*` in it. */
function* expand(path: Path, scope: Scope, isOpen: IsOpen): Generator<Located> {
  const star = path.indexOf("*");
  const found = find(scope, star < 0 ? path : path.slice(0, star), isOpen);
  if (!found.isThere || isOpen(found.value)) {
    return;
  }
  if (star < 0) {
    yield found;
    return;
  }
  for (let index = 0; index < (found.value as unknown[]).length; index++) {
    const element = {
      value: (found.value as unknown[])[index],
      location: [...found.location, index],
    };
    yield* expand(["element", ...path.slice(star + 1)], { element }, isOpen);
  }
}

/**
 * Fills in a message. The verdict stands already, so a value that cannot be shown is only named.
 */
function fill(text: string, scope: Scope, seen: Located, isOpen: IsOpen): string {
  return text.replaceAll(/\{([\w.]+)\}/g, (_, name: string) => {
    try {
      return shown(name === "seen" ? seen.value : find(scope, name.split("."), isOpen).value);
    } catch {
      return "partly unknown";
    }
  });
}

function shown(value: unknown): string {
  return value === undefined || value === null ? "unset" : JSON.stringify(value);
}
