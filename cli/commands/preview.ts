import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { type Problem, UserError } from "../../screen/userError";
import { previewDocument } from "../../preview/report/previewDocument";
import { preview } from "../../preview/preview";
import { failures } from "../../preview/report/stackPreview";
import { renderPreview } from "../../preview/report/renderPreview";
import { layoutOf } from "../../screen/layout";
import { ExitCode } from "../../screen/exitCode";
import type { CliContext } from "../context";
import { Progress } from "../../screen/progress";

interface PreviewFlags {
  stack: string;
  mode: "preview" | "up";
  first?: boolean;
  json?: boolean;
  /** False by `--no-policy`. */
  policy: boolean;
  policyPack?: string[];
  policyConfig?: string;
}

const examples = `
Examples:
  npm run preview -- --stack dev
  npm run preview -- --stack prod --policy-config policy/dev.json
  npm run preview -- --stack local --json > preview.json

The JSON follows preview/report/preview.schema.json.`;

/** `mlp preview`: the program of a stack on the in-memory engine, without account and CLI. */
export function previewCommand(context: CliContext): Command {
  return new Command("preview")
    .description("Show what a stack would hold: resources, policy results, capacity, price")
    .requiredOption("-s, --stack <name>", "stack to preview, as in Pulumi.<name>.yaml")
    .option("--json", "print data instead of the report")
    .addOption(
      new Option("--mode <mode>", "up makes ids and outputs too, as an update would")
        .choices(["preview", "up"])
        .default("preview"),
    )
    .option(
      "--first",
      "know no more than the first real preview: nothing of a cluster not yet made",
    )
    .option("--policy-pack <dir...>", "more policy packs, ready to run")
    .option(
      "--policy-config <file>",
      "config of the platform's policy pack (default: policy/<stack>.json)",
    )
    .option("--no-policy", "leave the platform's policy pack out")
    .addHelpText("after", examples)
    .action((flags: PreviewFlags) => runPreview(flags, context));
}

async function runPreview(flags: PreviewFlags, context: CliContext): Promise<void> {
  const paths = checkPaths(flags, context.workingDir);
  const progress = new Progress(context.stderr);
  try {
    const report = await preview({
      projectDir: context.projectDir,
      stack: flags.stack,
      mode: flags.mode,
      first: flags.first ?? false,
      policyDir: flags.policy ? context.policyDir : undefined,
      ...paths,
      signal: context.signal,
      onProgress: (step) => {
        progress.step(step);
      },
    });
    progress.end();
    context.stdout.write(
      flags.json
        ? `${JSON.stringify(previewDocument(report), null, 2)}\n`
        : renderPreview(report, layoutOf(context.stdout)),
    );
    if (failures(report.result).length > 0) {
      context.exitCode = ExitCode.Failed;
    }
  } finally {
    progress.end();
  }
}

function checkPaths(flags: PreviewFlags, workingDir: string) {
  const problems: Problem[] = [];
  const existing = (option: string, path: string) => {
    const full = resolve(workingDir, path);
    if (!existsSync(full)) {
      const what = `${option} "${path}" does not exist`;
      problems.push({ what, remedy: `Correct the path; ${full} was looked for.` });
    }
    return full;
  };
  const policyPacks = (flags.policyPack ?? []).map((path) => existing("--policy-pack", path));
  const policyConfig =
    flags.policyConfig === undefined ? undefined : existing("--policy-config", flags.policyConfig);
  if (policyConfig !== undefined && !flags.policy) {
    const what = "--policy-config has no effect with --no-policy";
    problems.push({ what, remedy: "Give one of them." });
  }
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
  return { policyPacks, policyConfig };
}
