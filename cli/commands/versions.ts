import { join } from "node:path";
import { Command } from "commander";
import {
  chartStatuses,
  type ChartStatus,
  DigestState,
  readDigests,
  recordMissing,
  verifyCharts,
} from "../../charts/chartDigests";
import { readStackConfig } from "../../preview/engine/previewStack";
import { UserError } from "../../screen/userError";
import { type Layout, layoutOf } from "../../screen/layout";
import { writeProblem } from "../../screen/reportError";
import { table } from "../../screen/table";
import { type ChartSource, chartSourceProblems } from "../../program/charts";
import { ExitCode } from "../../screen/exitCode";
import type { CliContext } from "../context";
import { Progress } from "../../screen/progress";

interface VersionsFlags {
  stack?: string;
  json?: boolean;
}

const examples = `
A digest is that of the chart's archive, the same wherever the archive is. Recorded digests are in
chartDigests.json; a chart without one is "unverified".

Examples:
  npm run mlp -- versions
  npm run mlp -- versions verify                what is published: records digests that are missing
  npm run mlp -- versions verify --stack prod   what the stack's mirror holds: checks only`;

/** `mlp versions`: every chart with its place, version and digest. */
export function versionsCommand(context: CliContext): Command {
  const command = new Command("versions")
    .description("Show every chart with repository, version and digest")
    .addHelpText("after", examples)
    .action(() => {
      showVersions(command.opts(), context);
    });
  addOptions(command);
  const verify = command
    .command("verify")
    .description(
      "Fetch every chart and compare its digest; needs the network or a folder of charts",
    )
    .action(() => verifyVersions(verify.optsWithGlobals(), context));
  addOptions(verify);
  return command;
}

function addOptions(command: Command): void {
  command
    .option("-s, --stack <name>", "take the charts from where this stack takes them")
    .option("--json", "print data instead of a table");
}

function showVersions(flags: VersionsFlags, context: CliContext): void {
  const statuses = statusesOf(flags, context);
  context.stdout.write(
    flags.json ? json(statuses) : versionTable(statuses, layoutOf(context.stdout)),
  );
}

async function verifyVersions(flags: VersionsFlags, context: CliContext): Promise<void> {
  const file = digestsFile(context);
  const progress = new Progress(context.stderr);
  let statuses: ChartStatus[];
  try {
    statuses = await verifyCharts(statusesOf(flags, context), context.projectDir, {
      signal: context.signal,
      onChart: (archive) => {
        progress.step(`fetching ${archive}`);
      },
    });
  } finally {
    progress.end();
  }
  // A mirror is checked against what its publisher gave, never the other way round.
  if (flags.stack === undefined) {
    statuses = recordMissing(statuses, file);
  }
  context.stdout.write(
    flags.json ? json(statuses) : versionTable(statuses, layoutOf(context.stdout)),
  );
  const problems = statuses.flatMap(problemOf);
  for (const problem of problems) {
    writeProblem(problem, "mlp", context.stderr);
  }
  if (problems.length > 0) {
    context.exitCode = ExitCode.Failed;
  }
}

function digestsFile(context: CliContext): string {
  return join(context.projectDir, "program", "chartDigests.json");
}

function statusesOf(flags: VersionsFlags, context: CliContext): ChartStatus[] {
  return chartStatuses(readDigests(digestsFile(context)), sourceOf(flags, context));
}

function sourceOf({ stack }: VersionsFlags, context: CliContext): ChartSource {
  if (stack === undefined) {
    return {};
  }
  const { config } = readStackConfig(context.projectDir, stack);
  const source = JSON.parse(config["mlplatform:charts"] || "{}");
  const problems = chartSourceProblems(source);
  if (problems.length === 0) {
    return source;
  }
  throw new UserError(
    ...problems.map(({ propertyPath, reason }) => ({
      what: `Pulumi.${stack}.yaml: charts.${propertyPath} ${reason}`,
    })),
  );
}

function problemOf({ archive, state, problem, digest, seen }: ChartStatus): string[] {
  switch (state) {
    case DigestState.Failed:
      return [`${archive}: ${problem}. Its digest was not checked.`];
    case DigestState.Changed:
      return [
        `${archive}: the archive is ${seen}, recorded is ${digest}. Do not install it before ` +
          "you know why; delete the line in chartDigests.json if the change is meant.",
      ];
    case DigestState.Unverified:
      return [
        `${archive}: the archive is ${seen}, and no digest is recorded to compare it with. ` +
          `Run \`mlp versions verify\` where the internet can be reached.`,
      ];
    default:
      return [];
  }
}

function json(statuses: ChartStatus[]): string {
  return `${JSON.stringify({ charts: statuses }, null, 2)}\n`;
}

function versionTable(statuses: ChartStatus[], layout: Layout): string {
  const rows = statuses.map(({ chart, repository, version, digest, state }) => [
    repository === undefined ? chart : `${chart} of ${repository}`,
    version,
    digest ?? "-",
    state,
  ]);
  const columns = ["chart", "version", "digest", "state"].map((name) => ({ name }));
  return `${table({ columns, rows }, layout).join("\n")}\n`;
}
