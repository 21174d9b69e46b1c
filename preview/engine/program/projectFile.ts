import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readCliYaml } from "./cliYaml";
import { type Problem, UserError, shown } from "../../../screen/userError";

/** What the engine needs of `Pulumi.yaml`. */
export interface ProjectFile {
  name: string;
  directory: string;
  /** Program folder or file, relative to the project; `.` unless `main` is set. */
  main: string;
  runtime: RuntimeOptions;
  /** The `config` block as written. */
  config: Record<string, unknown>;
  /** Folder of the stack files. */
  stackDirectory: string;
}

/** `runtime.options` of a Node.js project. */
export interface RuntimeOptions {
  typescript: boolean;
  tsconfig?: string;
  nodeArgs: string[];
}

/** Reads and checks `Pulumi.yaml` of the folder. */
export function readProject(directory: string): ProjectFile {
  const file = join(directory, "Pulumi.yaml");
  if (!existsSync(file)) {
    throw new UserError({
      what: `${directory}: no Pulumi.yaml here`,
      remedy: "Run the command in the folder of the project.",
    });
  }
  const content = readYaml(file, "Pulumi.yaml");
  const problems: Problem[] = [];
  if (typeof content.name !== "string" || content.name === "") {
    problems.push({
      what: 'Pulumi.yaml: "name" must be a text',
      seen: shown(content.name),
      remedy: "Give the project a name.",
    });
  }
  const runtime = content.runtime;
  const runtimeName = isRecord(runtime) ? runtime.name : runtime;
  if (runtimeName !== "nodejs") {
    problems.push({
      what: 'Pulumi.yaml: "runtime" must be nodejs for an offline preview',
      seen: shown(runtimeName),
      remedy: "Preview programs in other languages with the Pulumi CLI.",
    });
  }
  const config = content.config ?? {};
  if (!isRecord(config)) {
    problems.push({
      what: 'Pulumi.yaml: "config" must be a map of keys',
      seen: shown(config),
      remedy: "Write a key and its declaration a line.",
    });
  }
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
  return {
    name: content.name as string,
    directory,
    main: typeof content.main === "string" ? content.main : ".",
    runtime: runtimeOptions(isRecord(runtime) ? runtime.options : undefined),
    config: config as Record<string, unknown>,
    stackDirectory: resolve(
      directory,
      typeof content.stackConfigDir === "string" ? content.stackConfigDir : ".",
    ),
  };
}

function runtimeOptions(options: unknown): RuntimeOptions {
  const given = isRecord(options) ? options : {};
  return {
    typescript: given.typescript !== false,
    tsconfig: typeof given.tsconfig === "string" ? given.tsconfig : undefined,
    nodeArgs: typeof given.nodeargs === "string" ? given.nodeargs.split(/\s+/).filter(Boolean) : [],
  };
}

/** The names of the stacks that have a file, sorted. */
export function stackNames(project: ProjectFile): string[] {
  if (!existsSync(project.stackDirectory)) {
    return [];
  }
  return readdirSync(project.stackDirectory)
    .map((file) => /^Pulumi\.(.+)\.ya?ml$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

/** The content of a stack's file; refuses a stack that has none, and names those that have. */
export function readStack(project: ProjectFile, stack: string): Record<string, unknown> {
  const names = stackNames(project);
  if (!names.includes(stack)) {
    const known = names.length === 0 ? "The project has none." : `Choose ${names.join(", ")}.`;
    throw new UserError({
      what: `Stack "${stack}" does not exist: there is no Pulumi.${stack}.yaml`,
      remedy: known,
    });
  }
  const file = ["yaml", "yml"]
    .map((ending) => `Pulumi.${stack}.${ending}`)
    .find((name) => existsSync(join(project.stackDirectory, name)));
  return readYaml(join(project.stackDirectory, file ?? ""), `Pulumi.${stack}.yaml`);
}

function readYaml(path: string, name: string): Record<string, unknown> {
  const read = readCliYaml(readFileSync(path, "utf8"));
  if ("errors" in read) {
    throw new UserError(
      ...read.errors.map((error) => ({
        what: `${name} is not valid YAML: ${error}`,
        remedy: "Correct it there.",
      })),
    );
  }
  const content: unknown = read.value ?? {};
  if (!isRecord(content)) {
    throw new UserError({
      what: `${name} must be a map of keys`,
      seen: shown(content),
      remedy: "Write a key and its value a line.",
    });
  }
  return content;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
