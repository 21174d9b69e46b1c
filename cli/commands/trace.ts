import { tracePrediction } from "@mlplatform/lake/ask/trace";
import { Command } from "commander";
import { layoutOf } from "../../screen/layout";
import { renderTrace } from "../../local/lifecycle/renderTrace";
import { UserError, shown } from "../../screen/userError";
import { ExitCode } from "../../screen/exitCode";
import type { CliContext } from "../context";
import { addLakeOptions, connectLake, type LakeFlags } from "../lakeConnection";
import { addSelectionOptions, type SelectionFlags, selectionOf } from "../lakeOutput";

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
    throw new UserError({
      what: "--lines must be a whole number",
      seen: shown(flags.lines),
      remedy: "Give one from 1 to 10000.",
    });
  }
  const connection = await connectLake(flags, context);
  try {
    const mlflow = await connection.mlflow();
    const { lake } = connection;
    const selection = selectionOf(flags);
    const found = await tracePrediction({ lake, mlflow, selection, maxLogLines }, id);
    context.stdout.write(
      flags.json === true
        ? `${JSON.stringify(found, null, 2)}\n`
        : renderTrace(found, layoutOf(context.stdout)),
    );
    if (!found.isComplete) {
      context.exitCode = ExitCode.Failed;
    }
  } finally {
    connection.close();
  }
}
