import { createHmac, type Hmac } from "node:crypto";
import { type PathStep, readJsonPath } from "@mlplatform/contracts/jsonPath";
import {
  type InferenceRedactionRule,
  RedactionAction,
  RedactionPart,
} from "@mlplatform/contracts/redaction";
import { type Container, isOnlySpace, scanJson } from "./jsonScan";

/** Takes named values out of payloads before they reach the disk. */
export interface Redactor {
  /** Whether any rule is about this service's bodies. */
  concerns(namespace: string, inferenceService: string): boolean;
  /**
   * The body without the named values. Undefined where it can't be read: then nothing of it may be
   * kept.
   */
  redactBody(namespace: string, inferenceService: string, body: Buffer): Buffer | undefined;
  /** The same for `ce-metadata`; what can't be read becomes empty. */
  redactMetadata(namespace: string, inferenceService: string, metadata: string): string;
  /** A keyed hash that stands for a body that is withheld. */
  fingerprint(): Hmac;
}

/** Rules can't be used; the message names each. */
export class RedactionRuleError extends Error {
  override readonly name = "RedactionRuleError";
}

interface CompiledRule extends InferenceRedactionRule {
  steps: PathStep[];
}

interface Match {
  rule: CompiledRule;
  start: number;
  end: number;
  parent: Container | undefined;
  /** Place among the parent's members. */
  member: number;
  /** What must hold once the containers are read to their end. */
  conditions: { container: Container; member: string; value: string }[];
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

const mask = '"***"';
const hashDigits = 32;
// Deeper than any tensor; a search of a nest of brackets must not cost more than the payload's
// length.
const maxDepth = 100;
// Values that rules name: each is held until the body is read to its end.
const maxMatches = 200_000;

/**
 * Makes a redactor from the JSON text of a list of rules.
 *
 * @throws RedactionRuleError naming every rule that can't be used.
 */
export function makeRedactor(rulesJson: string, key: string | undefined): Redactor {
  const rules = compileRules(rulesJson, key);
  const hmac = () => createHmac("sha256", key ?? "");
  // An event that doesn't say where it is from may be from anywhere.
  const isAbout = (asked: string | undefined, name: string) =>
    asked === undefined || asked === name || name === "";
  const rulesOf = (namespace: string, service: string, part: RedactionPart) =>
    rules.filter(
      (rule) =>
        (rule.part ?? RedactionPart.Body) === part &&
        isAbout(rule.namespace, namespace) &&
        isAbout(rule.inferenceService, service),
    );
  const redact = (bytes: Buffer, applied: CompiledRule[]): Buffer | undefined => {
    const found = findMatches(bytes, applied);
    return found === undefined ? undefined : applyEdits(bytes, editsOf(bytes, found, hmac));
  };
  return {
    concerns: (namespace, service) => rulesOf(namespace, service, RedactionPart.Body).length > 0,
    redactBody(namespace, service, body) {
      const applied = rulesOf(namespace, service, RedactionPart.Body);
      return applied.length === 0 ? body : redact(body, applied);
    },
    redactMetadata(namespace, service, metadata) {
      const applied = rulesOf(namespace, service, RedactionPart.Metadata);
      if (applied.length === 0 || metadata === "") {
        return metadata;
      }
      return redact(Buffer.from(metadata, "utf8"), applied)?.toString("utf8") ?? "";
    },
    fingerprint: hmac,
  };
}

function compileRules(rulesJson: string, key: string | undefined): CompiledRule[] {
  const problems: string[] = [];
  const rules: CompiledRule[] = [];
  listOf(rulesJson).forEach((each, index) => {
    const rule = each as Partial<InferenceRedactionRule> | null;
    const where = `rule ${index + 1}`;
    const names = [rule?.namespace, rule?.inferenceService, rule?.path, rule?.action];
    if (rule === null || typeof rule !== "object" || names.some(isNeitherTextNorAbsent)) {
      problems.push(`${where} must be an object of texts, got ${JSON.stringify(each)}`);
      return;
    }
    const known = ["namespace", "inferenceService", "part", "path", "action"];
    const unknown = Object.keys(rule).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      problems.push(
        `${where} has an unknown key ${unknown.join(", ")}; known: ${known.join(", ")}`,
      );
    }
    if (!Object.values(RedactionAction).includes(rule.action as RedactionAction)) {
      problems.push(
        `${where}: action must be drop, hash or mask, got ${JSON.stringify(rule.action)}`,
      );
    }
    if (!["body", "metadata", undefined].includes(rule.part)) {
      problems.push(`${where}: part must be body or metadata, got ${JSON.stringify(rule.part)}`);
    }
    if (rule.action === RedactionAction.Hash && key === undefined) {
      problems.push(`${where}: hash needs MLP_REDACTION_KEY; without a key a hash can be guessed`);
    }
    const steps = readJsonPath(rule.path ?? "");
    if (typeof steps === "string") {
      problems.push(`${where}: ${steps}`);
      return;
    }
    rules.push({ ...(rule as InferenceRedactionRule), steps });
  });
  if (problems.length > 0) {
    throw new RedactionRuleError(problems.join("; "));
  }
  return rules;
}

function listOf(rulesJson: string): unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(rulesJson);
  } catch (error) {
    throw new RedactionRuleError(`the rules must be JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(parsed)) {
    throw new RedactionRuleError("the rules must be a JSON list of objects");
  }
  return parsed;
}

function isNeitherTextNorAbsent(value: unknown): boolean {
  return value !== undefined && typeof value !== "string";
}

function findMatches(bytes: Buffer, rules: CompiledRule[]): Match[] | undefined {
  const matches: Match[] = [];
  let isTooMuch = false;
  const end = scanJson(
    bytes,
    (path, start, valueEnd) => {
      isTooMuch ||= path.length > maxDepth || matches.length > maxMatches;
      for (const rule of isTooMuch ? [] : rules) {
        for (const conditions of matchPath(rule.steps, path)) {
          const parent = path.at(-1);
          const member = parent?.index ?? 0;
          matches.push({ rule, start, end: valueEnd, parent, member, conditions });
        }
      }
    },
    { keepMembers: true },
  );
  // Bytes after the value (a binary tensor) can't be searched: the body as a whole counts as
  // unreadable.
  return isOnlySpace(bytes, end) && !isTooMuch
    ? matches.filter(({ conditions }) =>
        conditions.every(({ container, member, value }) =>
          container.texts?.get(member)?.includes(value),
        ),
      )
    : undefined;
}

/**
 * The ways in which the steps lead to the value below `path`, each with the conditions it depends
 * on.
 */
function matchPath(steps: readonly PathStep[], path: readonly Container[]): Match["conditions"][] {
  const found: Match["conditions"][] = [];
  const match = (step: number, depth: number, conditions: Match["conditions"]): void => {
    const current = steps[step];
    const container = path[depth];
    if (current === undefined || container === undefined) {
      if (current === undefined && container === undefined) {
        found.push(conditions);
      }
      return;
    }
    if (current.kind === "descend") {
      for (let below = depth; below < path.length; below++) {
        match(step + 1, below, conditions);
      }
    } else if (current.kind === "filter") {
      const element = path[depth + 1];
      if (container.isArray && element !== undefined && !element.isArray) {
        const condition = { container: element, member: current.member, value: current.value };
        match(step + 1, depth + 1, [...conditions, condition]);
      }
    } else if (isTaken(current, container)) {
      match(step + 1, depth + 1, conditions);
    }
  };
  match(0, 0, []);
  return found;
}

function isTaken(step: PathStep, container: Container): boolean {
  switch (step.kind) {
    case "member":
      return !container.isArray && container.key === step.name;
    case "index":
      return container.isArray && container.index === step.index;
    default:
      return step.kind === "each";
  }
}

function editsOf(bytes: Buffer, matches: Match[], hmac: () => Hmac): Edit[] {
  const edits: Edit[] = [];
  const dropped = new Map<Container, Set<number>>();
  for (const { rule, start, end, parent, member } of matches) {
    if (rule.action === RedactionAction.Mask) {
      edits.push({ start, end, text: mask });
    } else if (rule.action === RedactionAction.Hash) {
      const digest = hmac().update(bytes.subarray(start, end)).digest("hex").slice(0, hashDigits);
      edits.push({ start, end, text: `"hmac:${digest}"` });
    } else if (parent === undefined || parent.isArray) {
      edits.push({ start, end, text: "null" });
    } else {
      dropped.set(parent, (dropped.get(parent) ?? new Set()).add(member));
    }
  }
  for (const [{ members }, places] of dropped) {
    for (let from = 0; from < members.length; from++) {
      let to = from;
      while (places.has(to)) {
        to += 1;
      }
      if (to > from) {
        // With what follows it, or, at the object's end, with the comma before it.
        const isLast = to === members.length;
        const start = isLast && from > 0 ? members[from - 1]!.end : members[from]!.start;
        edits.push({ start, end: isLast ? members[to - 1]!.end : members[to]!.start, text: "" });
        from = to;
      }
    }
  }
  return edits;
}

// Of edits that overlap the outer one counts: what it removes contains the inner one's value.
function applyEdits(bytes: Buffer, edits: Edit[]): Buffer {
  const ordered = [...edits].sort((a, b) => a.start - b.start || b.end - a.end);
  const pieces: Buffer[] = [];
  let position = 0;
  for (const { start, end, text } of ordered) {
    if (start < position) {
      continue;
    }
    pieces.push(bytes.subarray(position, start), Buffer.from(text, "latin1"));
    position = end;
  }
  pieces.push(bytes.subarray(position));
  return Buffer.concat(pieces);
}
