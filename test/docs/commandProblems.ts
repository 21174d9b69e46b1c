import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { benches } from "../../bench/benches";
import { createProgram } from "../../cli/mlp";
import { lanes } from "../suites";

const root = resolve(__dirname, "../..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const sources = ["bench", "charts", "cli", "local", "test", "workloads"];

/**
 * Why a command of the docs can't be run here; empty where it can. Every word is looked for where
 * it is defined: scripts in package.json, suites, test files, names of tests, commands and options
 * of `mlp`, parts and options of the scripts, environment variables.
 */
export function commandProblems(command: string, folder = "."): string[] {
  const words = command.split(" ");
  const settings = words.filter((word, index) => /^[A-Z_]+=/.test(word) && index === 0);
  const [program, ...args] = words.slice(settings.length);
  return [
    ...settings.flatMap((setting) => settingProblems(setting.split("=")[0]!)),
    ...programProblems(program!, args, folder),
  ];
}

function programProblems(program: string, args: string[], folder: string): string[] {
  switch (`${program} ${args[0] ?? ""}`) {
    case "npm run":
      return scriptProblems(args[1] ?? "", args.slice(args[2] === "--" ? 3 : 2));
    case "npm test":
      return suiteProblems(args.slice(args[1] === "--" ? 2 : 1));
    case `npx mocha`:
      return mochaProblems(args.slice(1));
    case "bash .ci/run":
      return existsSync(join(root, ".ci/run")) ? [] : ["there is no .ci/run"];
    case "python -m":
      return globSync("tests/**/test_*.py", { cwd: join(root, folder) }).length > 0
        ? []
        : [`${folder} has no tests for pytest`];
    default:
      return [`no rule says what \`${program} ${args[0] ?? ""}\` is`];
  }
}

function scriptProblems(name: string, args: string[]): string[] {
  const script = scripts[name];
  if (script === undefined) {
    return [`package.json has no script ${name}`];
  }
  if (script.startsWith("node cli/bin.js")) {
    return mlpProblems([...script.split(" ").slice(2), ...args]);
  }
  const bench = /^tsx bench\/main\.ts (\w+)$/.exec(script)?.[1];
  if (bench !== undefined) {
    return benchProblems(bench, args);
  }
  const file = script.split(" ").find((word) => word.endsWith(".ts")) ?? "";
  const source = args.length === 0 ? "" : readFileSync(join(root, file), "utf8");
  // A value after an option is the reader's; a name without dashes is a part of the script.
  return args
    .filter((word, index) => word.startsWith("--") || !args[index - 1]?.startsWith("--"))
    .filter((word) => !new RegExp(`\\b${word.replace(/^--/, "")}\\b`).test(source))
    .map((word) => `${file} knows no ${word}`);
}

function benchProblems(name: string, args: string[]): string[] {
  const { parts, options } = benches[name]!;
  const known = [
    ...Object.keys(parts),
    "--assert",
    ...Object.keys(options).map((each) => `--${each}`),
  ];
  return args
    .filter((word, index) => word.startsWith("--") || !args[index - 1]?.startsWith("--"))
    .filter((word) => !known.includes(word))
    .map((word) => `bench:${name} knows no ${word}`);
}

function mlpProblems(args: string[]): string[] {
  const context = {} as Parameters<typeof createProgram>[0];
  let command: Command = createProgram(context);
  for (const word of args) {
    if (word.startsWith("-")) {
      if (!command.options.some(({ long }) => long === word)) {
        return [`mlp ${command.name()} has no option ${word}`];
      }
      continue;
    }
    const child = command.commands.find((each) => each.name() === word);
    if (child === undefined && command.commands.length > 0) {
      return [`mlp has no command ${args.join(" ")}`];
    }
    command = child ?? command;
  }
  return [];
}

function suiteProblems(names: string[]): string[] {
  const known = new Set(lanes.flat().map(({ name }) => name));
  return names.filter((name) => !known.has(name)).map((name) => `there is no suite ${name}`);
}

function mochaProblems(args: string[]): string[] {
  const problems: string[] = [];
  let files: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index]!;
    if (word === "--timeout") {
      index += 1;
    } else if (word === "-g") {
      index += 1;
      const name = args[index]!;
      if (!files.some((file) => sourceOf(file).includes(name))) {
        problems.push(`no test is named ${name}`);
      }
    } else {
      const found = globSync(word, { cwd: root });
      files = [...files, ...found.flatMap(testFiles)];
      if (found.flatMap(testFiles).length === 0) {
        problems.push(`${word} holds no test`);
      }
    }
  }
  return problems;
}

/** Of a test file, with that of the tests it loads: a soak is a longer run of the same tests. */
function sourceOf(file: string): string {
  const source = readFileSync(join(root, file), "utf8");
  const loaded = [...source.matchAll(/(?:import|require)\("?(\.[\w./]+\.test)"/g)];
  const folder = dirname(join(root, file));
  return [
    source,
    ...loaded.map(([, path]) => readFileSync(`${join(folder, path!)}.ts`, "utf8")),
  ].join("\n");
}

/** Of a path: itself, or what mocha takes of a folder. */
function testFiles(path: string): string[] {
  const isFolder = statSync(join(root, path)).isDirectory();
  const files = isFolder ? globSync(`${path}/*.ts`, { cwd: root }) : [path];
  return files.filter((file) => /\.(test|soak)\.ts$/.test(file));
}

function settingProblems(name: string): string[] {
  const files = globSync(`{${sources.join(",")}}/**/*.ts`, {
    cwd: root,
    exclude: (file) => /node_modules|test\/docs/.test(file),
  });
  return files.some((file) => readFileSync(join(root, file), "utf8").includes(name))
    ? []
    : [`nothing reads ${name}`];
}
