import { type Trace, tracePrediction } from "@mlplatform/lake/ask/trace";
import { Command } from "commander";
import { UserError } from "../../screen/userError";
import { type CliContext, ExitCode } from "../context";
import { addLakeOptions, connectLake, type LakeFlags } from "../lakeConnection";
import { addSelectionOptions, printable, type SelectionFlags, selectionOf } from "../lakeOutput";

type Flags = LakeFlags & SelectionFlags & { json?: boolean; lines: string };

/** `mlp trace`: a prediction's way back to its data, code and logs. */
export function traceCommand(context: CliContext): Command {
  const command = new Command("trace")
    .description(
      "Follow a prediction back: model version, run, dataset, commit, Ray job, log lines",
    )
    .argument("<prediction id>", "the CloudEvent id of the request")
    .option("--mlflow <url>", "MLflow's address [MLFLOW_TRACKING_URI, or the local run's]")
    .option("--lines <count>", "log lines to show", "10")
    .option("--json", "the trace as one JSON object");
  return addSelectionOptions(addLakeOptions(command)).action((id: string, flags: Flags) =>
    trace(id, flags, context),
  );
}

async function trace(id: string, flags: Flags, context: CliContext): Promise<void> {
  const maxLogLines = Number(flags.lines);
  if (!Number.isInteger(maxLogLines) || maxLogLines < 1 || maxLogLines > 10_000) {
    throw new UserError([
      `--lines must be a whole number 1–10000, got ${JSON.stringify(flags.lines)}`,
    ]);
  }
  const connection = await connectLake(flags, context);
  try {
    const mlflow = await connection.mlflow();
    const { lake } = connection;
    const selection = selectionOf(flags);
    const found = await tracePrediction({ lake, mlflow, selection, maxLogLines }, id);
    context.stdout.write(
      flags.json === true ? `${JSON.stringify(found, null, 2)}\n` : formatTrace(found),
    );
    if (!found.isComplete) {
      context.exitCode = ExitCode.Failed;
    }
  } finally {
    connection.close();
  }
}

/** The trace as text: a line a hop, its facts, and what is missing. */
export function formatTrace(trace: Trace): string {
  const lines = [`prediction ${printable(trace.predictionId)}`];
  for (const { hop, store, isFound, facts, problems } of trace.hops) {
    const text = Object.entries(facts).map(([name, value]) => `${name} ${printable(value)}`);
    lines.push(`${isFound ? "✓" : "✗"} ${hop.padEnd(14)} ${text.join("  ")}  [${store}]`);
    lines.push(...problems.map((problem) => `    ! ${printable(problem)}`));
  }
  lines.push(...trace.logLines.map((line) => `    | ${printable(line)}`));
  return `${lines.join("\n")}\n`;
}
