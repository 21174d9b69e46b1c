import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { PulumiCli } from "../../automation/stacks/pulumiCli";
import { pendingProblems, protectionProblems } from "../../automation/stacks/refusals";
import { type StackState, exportState, readState } from "../../automation/stacks/stackState";
import { type Decisions, decided } from "../../automation/stacks/takeOver";
import { preview } from "../../preview/preview";
import { failures } from "../../preview/report/stackPreview";
import { Progress } from "../../screen/progress";
import { type Problem, UserError, shown } from "../../screen/userError";
import { ExitCode } from "../../screen/exitCode";
import type { CliContext } from "../context";
import { stackName } from "../stackName";

interface StackFlags {
  stack: string;
  yes?: boolean;
  keepData?: boolean;
  takeOver?: string[];
  forget?: string[];
}

const examples = `
Each checks what it can without touching the stack, then runs the Pulumi CLI and nothing else:
\`pulumi up\` by hand makes the same resources.

Examples:
  npm run mlp -- up --stack dev
  npm run mlp -- destroy --stack dev --keep-data   all but protected data and what it stands on`;

/** `mlp up`: the program and the policies are checked, then `pulumi up` runs. */
export function upCommand(context: CliContext): Command {
  return stackCommand(
    "up",
    "Create or update a stack with the Pulumi CLI, after all checks",
  ).action(async (flags: StackFlags) => {
    const cli = await findCli(context);
    const state = await stateOf(cli, flags.stack, context);
    refuse(pendingProblems(flags.stack, state));
    await check(flags.stack, context, false);
    // Until a first object is in the cluster nothing that it answers is known, after an update that
    // failed before as well.
    if (!state.resources.some(({ type }) => type.startsWith("kubernetes:"))) {
      await check(flags.stack, context, true);
    }
    await run(cli, context, ["up", ...common(flags)]);
  });
}

/** `mlp refresh`: the state is made equal to what is there, after a run that was cut off too. */
export function refreshCommand(context: CliContext): Command {
  return stackCommand("refresh", "Read what is there into the state of a stack")
    .option("--take-over <urn=id...>", "resources that a run which was cut off has made")
    .option("--forget <urn...>", "resources that it has not made")
    .action(async (flags: StackFlags) => {
      const { stack, takeOver = [], forget = [] } = flags;
      const cli = await findCli(context);
      if (takeOver.length + forget.length === 0) {
        refuse(pendingProblems(stack, await stateOf(cli, stack, context)));
      } else {
        const decisions = { ids: idsOf(takeOver), forgotten: new Set(forget) };
        await shownWhile(`deciding what is pending in ${stack}`, context, () =>
          decide(cli, stack, decisions),
        );
      }
      await run(cli, context, ["refresh", ...common(flags)]);
    });
}

/** Writes the state in which every operation that was pending is decided. */
async function decide(cli: PulumiCli, stack: string, decisions: Decisions): Promise<void> {
  const exported = await exportState(cli, stack);
  const folder = mkdtempSync(join(tmpdir(), "mlp-state-"));
  try {
    const file = join(folder, "state.json");
    const state = decided(exported, decisions);
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    await cli.read("stack", "import", "--stack", stack, "--file", file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function idsOf(pairs: string[]): Map<string, string> {
  return new Map(
    pairs.map((pair) => {
      // A URN has no "=", an id of Azure may.
      const at = pair.indexOf("=");
      if (at < 1 || at === pair.length - 1) {
        throw new UserError({
          what: "--take-over must be <urn>=<id>",
          seen: shown(pair),
          remedy: "Give the id that the service shows.",
        });
      }
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** `mlp destroy`: goes through, or refuses before it deletes anything. */
export function destroyCommand(context: CliContext): Command {
  return stackCommand("destroy", "Delete a stack, or refuse before anything is deleted")
    .option("--keep-data", "keep what is protected and what it stands on, delete the rest")
    .action(async (flags: StackFlags) => {
      const cli = await findCli(context);
      const state = await stateOf(cli, flags.stack, context);
      refuse(pendingProblems(flags.stack, state));
      if (!flags.keepData) {
        refuse(protectionProblems(flags.stack, state));
      }
      const args = [
        "destroy",
        ...common(flags),
        ...(flags.keepData ? ["--exclude-protected"] : []),
      ];
      await run(cli, context, args);
    });
}

function stackCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption("-s, --stack <name>", "stack, as in Pulumi.<name>.yaml", stackName)
    .option("-y, --yes", "do not ask")
    .addHelpText("after", examples);
}

const common = ({ stack, yes }: StackFlags) => ["--stack", stack, ...(yes ? ["--yes"] : [])];

function findCli(context: CliContext): Promise<PulumiCli> {
  const { projectDir, signal } = context;
  return shownWhile("looking for the Pulumi CLI", context, () =>
    PulumiCli.find({ folder: projectDir, signal }),
  );
}

/** The state, which the CLI reads from a backend that may be far away. */
function stateOf(cli: PulumiCli, stack: string, context: CliContext): Promise<StackState> {
  return shownWhile(`reading the state of ${stack}`, context, () => readState(cli, stack));
}

/** Runs a step, with a line about it while it takes long. */
async function shownWhile<T>(
  title: string,
  context: CliContext,
  step: () => Promise<T>,
): Promise<T> {
  const progress = new Progress(context.stderr);
  progress.step(title);
  try {
    return await step();
  } finally {
    progress.end();
  }
}

function refuse(problems: Problem[]): void {
  if (problems.length > 0) {
    throw new UserError(...problems);
  }
}

/**
 * The offline preview with the policy pack: what it refuses, an update would run into.
 *
 * @param first as the stack's first real preview sees it, which knows nothing of its cluster
 */
async function check(stack: string, context: CliContext, first: boolean): Promise<void> {
  const progress = new Progress(context.stderr);
  try {
    const report = await preview({
      projectDir: context.projectDir,
      stack,
      first,
      policyDir: context.policyDir,
      signal: context.signal,
      onProgress: (step) => {
        progress.step(step);
      },
    });
    const reasons = failures(report.result);
    if (reasons.length > 0) {
      throw new UserError({
        what: `${stack} fails its checks, and nothing was changed: ${reasons.join(", ")}`,
        remedy: `\`mlp preview --stack ${stack}${first ? " --first" : ""}\` shows each.`,
      });
    }
  } finally {
    progress.end();
  }
}

async function run(cli: PulumiCli, context: CliContext, args: string[]): Promise<void> {
  context.hasLentTerminal = true;
  try {
    if ((await cli.run(...args)) !== 0) {
      context.exitCode = context.signal.aborted ? ExitCode.Interrupted : ExitCode.Failed;
    }
  } finally {
    context.hasLentTerminal = false;
  }
}
