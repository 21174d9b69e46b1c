import { Command } from "commander";
import { examine } from "../../automation/doctor/doctor";
import { dnsResolver } from "../../automation/doctor/domain";
import { type Examination, Severity } from "../../automation/doctor/finding";
import { toolsOnPath } from "../../automation/doctor/toolRun";
import { ExitCode } from "../../screen/exitCode";
import { type Layout, type Style, layoutOf, styled } from "../../screen/layout";
import { Progress } from "../../screen/progress";
import { printable, wrap } from "../../screen/text";
import type { CliContext } from "../context";
import { stackName } from "../stackName";

interface DoctorFlags {
  stack?: string;
  context?: string;
  json?: boolean;
}

const examples = `
Nothing is changed anywhere. The token in GITHUB_TOKEN is sent to GitHub alone.

Examples:
  npm run mlp -- doctor                        the tools on this machine
  npm run mlp -- doctor --stack dev            before the first pulumi up
  npm run mlp -- doctor --stack dev --context dev-cluster   and the running cluster
  npm run mlp -- doctor --context dev-cluster               tools and cluster alone

Exit codes: 0 nothing has to be changed, 1 something has, 2 wrong arguments, 130 interrupted. What
could not be checked, and warnings, leave it at 0.`;

/** `mlp doctor`: whether all that a stack needs is there, and what to do where it isn't. */
export function doctorCommand(context: CliContext): Command {
  return new Command("doctor")
    .description("Look for what would stop a stack: tools, Azure, GitHub, images, cluster, DNS")
    .option("-s, --stack <name>", "stack to look at, as in Pulumi.<name>.yaml", stackName)
    .option("--context <name>", "kubectl context of the running cluster")
    .option("--json", "print data instead of the report")
    .addHelpText("after", examples)
    .action((flags: DoctorFlags) => runDoctor(flags, context));
}

async function runDoctor(flags: DoctorFlags, context: CliContext): Promise<void> {
  const progress = new Progress(context.stderr);
  let examinations: Examination[];
  try {
    examinations = await examine({
      projectDir: context.projectDir,
      policyDir: context.policyDir,
      stack: flags.stack,
      context: flags.context,
      githubToken: process.env.GITHUB_TOKEN,
      run: toolsOnPath(context.projectDir, context.signal),
      resolve: dnsResolver(),
      signal: context.signal,
      onProgress: (step) => {
        progress.step(step);
      },
    });
  } finally {
    progress.end();
  }
  context.stdout.write(
    flags.json
      ? `${JSON.stringify({ examinations }, null, 2)}\n`
      : `${report(examinations, layoutOf(context.stdout)).join("\n")}\n`,
  );
  if (count(examinations, Severity.Failure) > 0) {
    context.exitCode = ExitCode.Failed;
  }
}

const marks: Record<Severity, [mark: string, style: Style]> = {
  [Severity.Good]: ["✔", "green"],
  [Severity.NotChecked]: ["–", "dim"],
  [Severity.Warning]: ["!", "yellow"],
  [Severity.Failure]: ["✘", "red"],
};

/** Lines for people: a line a finding, its remedy below it, and the sum at the end. */
function report(examinations: Examination[], layout: Layout): string[] {
  const lines = examinations.flatMap(({ part, findings }) => [
    styled(layout, "bold", part),
    ...findings.flatMap(({ subject, severity, seen, remedy }) => {
      const [mark, style] = marks[severity];
      const [first, ...others] = wrap(printable(`${subject}: ${seen}`), layout.width - 4);
      return [
        `  ${styled(layout, style, mark)} ${first}`,
        ...others.map((line) => `    ${line}`),
        ...wrap(printable(remedy ?? ""), layout.width - 6).map((line) => `      ${line}`),
      ];
    }),
    "",
  ]);
  const sums = [
    `${count(examinations, Severity.Good)} good`,
    `${count(examinations, Severity.Warning)} to look at`,
    `${count(examinations, Severity.NotChecked)} not checked`,
    `${count(examinations, Severity.Failure)} to be changed`,
  ];
  return [...lines, sums.join(", ")];
}

function count(examinations: Examination[], severity: Severity): number {
  const all = examinations.flatMap(({ findings }) => findings);
  return all.filter((finding) => finding.severity === severity).length;
}
