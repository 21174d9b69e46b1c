import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { ExitCode } from "../screen/exitCode";
import { layoutOf } from "../screen/layout";
import type { OutputStream } from "../screen/outputStream";
import { Progress } from "../screen/progress";
import { type Problem, UserError, shown } from "../screen/userError";
import type { Bench } from "./bench";
import { type Measurement, type NotMeasured, isMet } from "./measurement";
import { measurementTable } from "./measurementTable";

/** A bench whose options are known to itself alone. */
export type AnyBench = Bench<any>;

/** Runs a bench's command line: progress on stderr, one table of all measurements on stdout. */
export async function runBench(
  name: string,
  bench: AnyBench,
  args: string[],
  { stdout, stderr }: { stdout: OutputStream; stderr: OutputStream } = process,
): Promise<ExitCode> {
  const { options, parts, mustMeet } = readArguments(name, bench, args);
  await bench.prepare?.();
  const progress = new Progress(stderr, { quietMs: 0 });
  const measured: (Measurement | NotMeasured)[] = [];
  for (const part of parts) {
    progress.step(part);
    try {
      const say = (text: string) => progress.keep(`  ${text}`);
      measured.push(...(await bench.parts[part]!.measure(options, say)));
    } catch (error) {
      progress.finish("✖");
      throw error;
    }
    progress.finish("✔");
  }
  stdout.write(`${measurementTable(measured, layoutOf(stdout)).join("\n")}\n`);
  const isMissed = measured.some((each) => "figures" in each && isMet(each) === false);
  return mustMeet && isMissed ? ExitCode.Failed : ExitCode.Good;
}

/** Reads options and the parts to run; without one named, all run. */
function readArguments(name: string, bench: AnyBench, args: string[]) {
  const usage = usageOf(name, bench);
  const config: ParseArgsOptionsConfig = { assert: { type: "boolean", default: false } };
  for (const [option, { default: value }] of Object.entries(bench.options)) {
    config[option] = { type: "string", multiple: Array.isArray(value) };
  }
  const { values, positionals } = parse(args, config, usage);
  const known = Object.keys(bench.parts);
  const problems: Problem[] = positionals
    .filter((part) => !known.includes(part))
    .map((part) => ({
      what: "there is no such part of the bench",
      seen: shown(part),
      remedy: usage,
    }));
  const options = Object.fromEntries(
    Object.entries(bench.options).map(([option, { default: value }]) => {
      const given = values[option] ?? value;
      if (typeof value !== "number") {
        return [option, given];
      }
      if (!Number.isInteger(Number(given)) || Number(given) < 0) {
        const what = `--${option} must be a whole number`;
        problems.push({ what, seen: shown(given), remedy: usage });
      }
      return [option, Number(given)];
    }),
  );
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
  const parts =
    positionals.length === 0 ? known : known.filter((part) => positionals.includes(part));
  return { options, parts, mustMeet: values.assert === true };
}

function parse(args: string[], options: ParseArgsOptionsConfig, usage: string) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UserError({ what: (error as Error).message, remedy: usage });
  }
}

/** How a bench is called. */
function usageOf(name: string, { parts, options }: AnyBench): string {
  const optionLines = Object.entries(options).map(([option, { about, default: value }]) => {
    const shown = Array.isArray(value) ? "" : ` [${value}]`;
    return [`--${option}`, `${about}${shown}`];
  });
  const rows = [
    ...Object.entries(parts).map(([part, { about }]) => [part, about]),
    ...optionLines,
    ["--assert", "end with 1 where a goal is missed"],
  ];
  const width = Math.max(...rows.map(([term]) => term!.length));
  const lines = rows.map(([term, about]) => `  ${term!.padEnd(width)}  ${about}`);
  return [`Usage: npm run bench:${name} -- [part …] [options]`, ...lines].join("\n");
}
