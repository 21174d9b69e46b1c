import { createHash } from "node:crypto";
import { distance } from "fastest-levenshtein";
import { type CliValue, cliJson } from "./cliYaml";
import { fits, parseType, remedy, typeName, type ConfigType } from "./configType";
import { isRecord, readProject, readStack, type ProjectFile } from "./projectFile";
import { type Problem, UserError, shown } from "../../../screen/userError";

/** The configuration of one stack, as the program receives it. */
export interface StackConfig {
  project: ProjectFile;
  stack: string;
  /** Values by `namespace:key`; lists and objects as JSON. */
  config: Record<string, string>;
  /** Keys whose value is a secret. */
  secretKeys: string[];
}

interface Declaration {
  key: string;
  type?: ConfigType;
  secret: boolean;
  hasFallback: boolean;
  fallback: unknown;
}

/**
 * Reads `Pulumi.yaml` and the stack's file and checks every key against its declared type. Keys of
 * the project's own namespace must be declared; keys of others (`azure-native:location`) pass.
 * Encrypted values cannot be read offline: each is replaced by a text of its own, marked secret.
 *
 * @throws UserError with all problems at once.
 */
export function readStackConfig(projectDirectory: string, stack: string): StackConfig {
  const project = readProject(projectDirectory);
  const content = readStack(project, stack);
  const file = `Pulumi.${stack}.yaml`;
  const problems: Problem[] = [];
  const declared = declarations(project, problems);

  const given = content.config ?? {};
  if (!isRecord(given)) {
    throw new UserError({
      what: `${file}: "config" must be a map of keys`,
      seen: shown(given),
      remedy: "Write a key and its value a line.",
    });
  }
  const values = new Map<string, unknown>();
  for (const [written, value] of Object.entries(given)) {
    const key = qualified(project, written);
    const declaration = declared.get(key);
    if (key.startsWith(`${project.name}:`) && declaration === undefined) {
      problems.push(unknownKey(file, key, [...declared.keys()]));
      continue;
    }
    if (declaration !== undefined) {
      problems.push(...check(file, declaration, value));
    }
    values.set(key, value);
  }
  for (const declaration of declared.values()) {
    if (values.has(declaration.key)) {
      continue;
    }
    if (declaration.hasFallback) {
      values.set(declaration.key, declaration.fallback);
    } else if (declaration.key.startsWith(`${project.name}:`)) {
      const wanted = declaration.type === undefined ? "value" : typeName(declaration.type);
      problems.push({
        what: `${file}: "${declaration.key}" is missing`,
        remedy: `Set it to a ${wanted}, or give it a default in Pulumi.yaml.`,
      });
    }
  }
  if (problems.length > 0) {
    throw new UserError(...problems);
  }

  const config: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [key, value] of values) {
    config[key] = asText(withPlaceholders(key, value, declared.get(key)?.type));
    if (hasSecure(value)) {
      secretKeys.push(key);
    }
  }
  return { project, stack, config, secretKeys };
}

function declarations(project: ProjectFile, problems: Problem[]): Map<string, Declaration> {
  const declared = new Map<string, Declaration>();
  for (const [written, content] of Object.entries(project.config)) {
    const key = qualified(project, written);
    const declaration: Declaration = {
      key,
      secret: false,
      hasFallback: false,
      fallback: undefined,
    };
    declared.set(key, declaration);
    if (!isRecord(content)) {
      declaration.hasFallback = true;
      declaration.fallback = content;
      continue;
    }
    const own = key.startsWith(`${project.name}:`);
    if (!own && (content.type !== undefined || content.default !== undefined)) {
      problems.push({
        what: `Pulumi.yaml: "${key}" belongs to another package and takes only "value"`,
        remedy: 'Remove "type" and "default".',
      });
      continue;
    }
    if (content.type !== undefined) {
      const type = parseType(content);
      if (typeof type === "string") {
        const what = `Pulumi.yaml: "${key}": ${type}`;
        const remedy = "Correct the declaration.";
        problems.push({ what, seen: shown(content.type), remedy });
      } else {
        declaration.type = type;
      }
    }
    if (content.default !== undefined && content.value !== undefined) {
      const what = `Pulumi.yaml: "${key}" has both "default" and "value"`;
      problems.push({ what, remedy: "Keep one." });
    }
    declaration.secret = content.secret === true;
    declaration.fallback = content.default ?? content.value;
    declaration.hasFallback = declaration.fallback !== undefined;
    if (declaration.secret && declaration.hasFallback) {
      problems.push({
        what: `Pulumi.yaml: "${key}" is secret and has a plain default`,
        remedy: `Remove the default, and set the key with: pulumi config set --secret ${key}`,
      });
    }
    if (declaration.type !== undefined && declaration.hasFallback) {
      problems.push(...mismatch("Pulumi.yaml", declaration, declaration.fallback, " (default)"));
    }
  }
  return declared;
}

function qualified(project: ProjectFile, key: string): string {
  return key.includes(":") ? key : `${project.name}:${key}`;
}

/** Its value is not repeated: it may be a secret, and has nothing to do with the remedy. */
function unknownKey(file: string, key: string, known: string[]): Problem {
  const close = known.find((candidate) => distance(candidate, key) <= 2);
  const remedy =
    close === undefined ? "Declare it in Pulumi.yaml, or remove it." : `Did you mean "${close}"?`;
  return { what: `${file}: "${key}" is not a key of this project`, remedy };
}

function check(file: string, declaration: Declaration, value: unknown): Problem[] {
  if (hasSecure(value)) {
    return [];
  }
  if (declaration.secret) {
    return [
      {
        what: `${file}: "${declaration.key}" must be encrypted`,
        seen: "a plain value",
        remedy: `Set it with: pulumi config set --secret ${declaration.key}`,
      },
    ];
  }
  return mismatch(file, declaration, value);
}

function mismatch(file: string, declaration: Declaration, value: unknown, where = ""): Problem[] {
  const type = declaration.type;
  if (type === undefined || fits(type, value)) {
    return [];
  }
  const what = `${file}: "${declaration.key}"${where} must be of type ${typeName(type)}`;
  return [{ what, seen: shown(value), remedy: remedy(type) }];
}

function isSecure(value: unknown): boolean {
  return isRecord(value) && typeof value.secure === "string" && Object.keys(value).length === 1;
}

function hasSecure(value: unknown): boolean {
  if (isSecure(value)) {
    return true;
  }
  if (Array.isArray(value)) {
    return value.some(hasSecure);
  }
  return isRecord(value) && Object.values(value).some(hasSecure);
}

/** True for a text that stands for an encrypted value. */
export function isPlaceholder(text: string): boolean {
  return /^encrypted-[0-9a-f]{24}$/.test(text);
}

/** Distinct for each key, so that a leak can be followed, and never a real secret. */
function placeholder(path: string): string {
  return `encrypted-${createHash("sha256").update(path).digest("hex").slice(0, 24)}`;
}

function withPlaceholders(path: string, value: unknown, type?: ConfigType): unknown {
  if (isSecure(value)) {
    if (type?.type === "integer") {
      return "1";
    }
    return type?.type === "boolean" ? "true" : placeholder(path);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => withPlaceholders(`${path}[${index}]`, item));
  }
  if (!isRecord(value)) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withPlaceholders(`${path}.${key}`, item)]),
  );
}

function asText(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  return value === null ? "" : cliJson(value as CliValue);
}
