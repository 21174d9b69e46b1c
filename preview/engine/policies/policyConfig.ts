import { existsSync, readFileSync } from "node:fs";
import { isRecord } from "../program/projectFile";
import { type Problem, UserError, shown } from "../../../screen/userError";
import type { WireObject } from "../values/wire";

export type EnforcementName = "advisory" | "mandatory" | "remediate" | "disabled";

const levels: EnforcementName[] = ["advisory", "mandatory", "remediate", "disabled"];

/** What one policy runs with. */
export interface PolicySettings {
  enforcement: EnforcementName;
  properties: WireObject;
}

/** What a pack says of one of its policies. */
export interface PolicyDeclaration {
  name: string;
  description: string;
  enforcement: EnforcementName;
  /** JSON schema of each property of its configuration. */
  properties: Record<string, unknown>;
  required: string[];
}

/**
 * Reads a `--policy-pack-config` file and joins it with what the pack declares: a policy's own
 * entry wins over `all`, which wins over the pack; defaults of the schema are filled in, as the
 * Pulumi CLI does.
 *
 * @throws UserError with all problems at once.
 */
export function policySettings(
  pack: string,
  declarations: PolicyDeclaration[],
  configFile: string | undefined,
): Map<string, PolicySettings> {
  const given = configFile === undefined ? {} : readConfig(configFile);
  const problems: Problem[] = [];
  const names = new Set(declarations.map((declaration) => declaration.name));
  for (const key of Object.keys(given)) {
    if (key !== "all" && key !== "environments" && !names.has(key)) {
      const what = `${configFile}: policy pack ${pack} has no policy "${key}"`;
      problems.push({ what, remedy: "Write the full name of one of its policies." });
    }
  }
  const general = entry(configFile, "all", given.all, problems);
  const settings = new Map<string, PolicySettings>();
  for (const declaration of declarations) {
    const own = entry(configFile, declaration.name, given[declaration.name], problems);
    const properties: WireObject = {};
    for (const [key, schema] of Object.entries(declaration.properties)) {
      if (isRecord(schema) && schema.default !== undefined) {
        properties[key] = schema.default as WireObject[string];
      }
    }
    for (const [key, value] of Object.entries(own.properties)) {
      const schema = declaration.properties[key];
      const wrong = isRecord(schema) ? schemaProblem(schema, value) : "is not in its schema";
      if (wrong !== undefined) {
        const what = `${configFile}: "${declaration.name}.${key}" ${wrong}`;
        const remedy = "Change it, or remove it for the policy's default.";
        problems.push({ what, seen: shown(value), remedy });
      }
      properties[key] = value;
    }
    for (const key of declaration.required) {
      if (properties[key] === undefined) {
        const what = `${configFile ?? pack}: "${declaration.name}.${key}" is required`;
        problems.push({ what, remedy: "Set it." });
      }
    }
    settings.set(declaration.name, {
      enforcement: own.enforcement ?? general.enforcement ?? declaration.enforcement,
      properties,
    });
  }
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
  return settings;
}

function readConfig(file: string): Record<string, unknown> {
  if (!existsSync(file)) {
    throw new UserError({
      what: `${file}: no such policy configuration file`,
      remedy: "Name a JSON file such as policy/prod.json.",
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError({
      what: `${file} is not JSON: ${(error as Error).message}`,
      remedy: "Correct it there.",
    });
  }
  if (!isRecord(content)) {
    throw new UserError({
      what: `${file} must be a map of policies`,
      seen: shown(content),
      remedy: "Write a policy's name and its level, or its properties.",
    });
  }
  return content;
}

function entry(
  file: string | undefined,
  name: string,
  given: unknown,
  problems: Problem[],
): { enforcement?: EnforcementName; properties: WireObject } {
  if (given === undefined) {
    return { properties: {} };
  }
  const { enforcementLevel, ...properties } = isRecord(given) ? given : { enforcementLevel: given };
  const enforcement = levels.find((level) => level === enforcementLevel);
  if (enforcementLevel !== undefined && enforcement === undefined) {
    problems.push({
      what: `${file}: "${name}" has no such level`,
      seen: shown(enforcementLevel),
      remedy: `Choose ${levels.join(", ")}.`,
    });
  }
  return { enforcement, properties: properties as WireObject };
}

/** The checks of JSON schema that policies use: type, enum, bounds. */
function schemaProblem(schema: Record<string, unknown>, value: unknown): string | undefined {
  const types = [schema.type].flat().filter((type) => type !== undefined);
  if (types.length > 0 && !types.some((type) => hasType(String(type), value))) {
    return `must be of type ${types.join(" or ")}`;
  }
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) {
    return `must be one of ${schema.enum.map(shown).join(", ")}`;
  }
  if (typeof value === "number") {
    if (typeof schema.minimum === "number" && value < schema.minimum) {
      return `must be at least ${schema.minimum}`;
    }
    if (typeof schema.maximum === "number" && value > schema.maximum) {
      return `must be at most ${schema.maximum}`;
    }
  }
  return undefined;
}

function hasType(type: string, value: unknown): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isRecord(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}
