import { join, resolve } from "node:path";
import { Command } from "commander";
import { ExitCode } from "../screen/exitCode";
import { outputErrorAs, reportError } from "../screen/reportError";
import { doctorCommand } from "./commands/doctor";
import { imagesCommand } from "./commands/images/imagesCommand";
import { inferencesCommand } from "./commands/inferences";
import { logsCommand } from "./commands/logs";
import { policyCommand } from "./commands/policy";
import { previewCommand } from "./commands/preview";
import { pricesCommand } from "./commands/prices";
import { destroyCommand, refreshCommand, upCommand } from "./commands/stacks";
import { traceCommand } from "./commands/trace";
import { versionsCommand } from "./commands/versions";
import type { CliContext } from "./context";
import { lakeUserError } from "./lakeConnection";

const examples = `
Examples:
  npm run mlp -- preview --stack dev            what the stack would hold, with policy results
  npm run mlp -- preview --stack prod --json    the same as data
  npm run mlp -- doctor --stack dev             what would stop it, and what to do about it
  npm run mlp -- up --stack dev                 pulumi up, after all checks
  npm run mlp -- policy check ../churn/deploy   a project's manifests against the policies
  npm run mlp -- prices update --stack prod     list prices of the stack's region
  npm run mlp -- images --stack prod            every image that the stack pulls, for import
  npm run mlp -- images build                   the platform's own images, with size and packages
  npm run mlp -- versions verify                every chart's digest, compared with its archive
  npm run mlp -- trace 0192f1c4-…               from a prediction to its data, commit and logs
  npm run mlp -- inferences sql "select model_name, count(*) from inferences group by all"

Exit codes: 0 good, 1 failed program, mandatory policy violation or secret in the open,
2 wrong arguments or configuration, 130 interrupted. MLP_DEBUG=1 adds stack traces to errors.`;

const commands = [
  previewCommand,
  doctorCommand,
  upCommand,
  refreshCommand,
  destroyCommand,
  policyCommand,
  pricesCommand,
  imagesCommand,
  versionsCommand,
  traceCommand,
  inferencesCommand,
  logsCommand,
];

/** The program with all its commands. */
export function createProgram(context: CliContext): Command {
  const program = new Command("mlp")
    .description(
      "The ML platform from the command line: preview and deploy stacks, fetch prices, " +
        "query the lake.",
    )
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: outputErrorAs("mlp"),
    })
    .exitOverride()
    .showHelpAfterError("(mlp --help lists commands and options)")
    .addHelpText("after", examples);
  for (const create of commands) {
    const command = create(context);
    inheritSettings(command, program);
    program.addCommand(command);
  }
  return program;
}

/** `addCommand` copies no settings, `command` does; commands live in files of their own. */
function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) {
    inheritSettings(child, command);
  }
}

/** Runs one command line on this process and returns the exit code. `change` is for tests. */
export async function main(args: string[], change: Partial<CliContext> = {}): Promise<number> {
  const abort = new AbortController();
  const projectDir = resolve(__dirname, "..");
  const context: CliContext = {
    projectDir,
    policyDir: join(projectDir, "policy"),
    // npm changes the folder to the package's and says here where the user stands.
    workingDir: process.env.INIT_CWD ?? process.cwd(),
    signal: abort.signal,
    stdout: process.stdout,
    stderr: process.stderr,
    exitCode: ExitCode.Good,
    ...change,
  };
  const interrupt = () => {
    // A second Ctrl-C does not wait for children to end. npm sends each one twice.
    if (abort.signal.aborted && !context.hasLentTerminal) {
      process.exit(ExitCode.Interrupted);
    }
    abort.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // A reader that has seen enough (`mlp … | head`) is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") {
      process.exit(ExitCode.Good);
    }
    throw error;
  });
  try {
    return await run(args, context);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** Runs one command line in a context; errors become a message and an exit code. */
export async function run(args: string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (context.signal.aborted) {
      context.stderr.write("mlp: interrupted\n");
      return ExitCode.Interrupted;
    }
    return reportError(lakeUserError(error), "mlp", context.stderr);
  }
}
