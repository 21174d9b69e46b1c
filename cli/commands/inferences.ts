import { Command } from "commander";
import { UserError } from "../../automation/preview/engine/userError";
import type { CliContext } from "../context";
import { addLakeOptions, connectLake, type LakeFlags } from "../lakeConnection";
import {
  addSelectionOptions,
  jsonRow,
  printable,
  type SelectionFlags,
  selectionOf,
  writeAnswer,
} from "../lakeOutput";

type Flags = LakeFlags & SelectionFlags & { json?: boolean };

const examples = `
Tables: inferences (a row a prediction), inferences_events (a row a payload event).

Examples:
  npm run mlp -- inferences sql "SELECT model_version, count(*) FROM inferences GROUP BY 1"
  npm run mlp -- inferences show 8f2c1b6e-6f0e-4f0b-9a7b-3d7f7a2f1c11 --json`;

/** `mlp inferences`: what the models were asked and answered. */
export function inferencesCommand(context: CliContext): Command {
  const command = new Command("inferences")
    .description("Ask the inference table")
    .addHelpText("after", examples);
  addSelectionOptions(
    addLakeOptions(
      command
        .command("sql")
        .description("Run SQL over inferences and inferences_events")
        .argument("<query>", "one DuckDB query")
        .option("--json", "one JSON object a line"),
    ),
  ).action((query: string, flags: Flags) => runSql(query, flags, context));
  addSelectionOptions(
    addLakeOptions(
      command
        .command("show")
        .description("Show one prediction with its request and response")
        .argument("<prediction id>", "the CloudEvent id of the request")
        .option("--json", "one JSON object a line"),
    ),
  ).action((id: string, flags: Flags) => show(id, flags, context));
  return command;
}

async function runSql(query: string, flags: Flags, context: CliContext): Promise<void> {
  const connection = await connectLake(flags, context);
  try {
    const answer = await connection.lake.query(query, selectionOf(flags));
    writeAnswer(answer, flags.json === true, context);
  } finally {
    connection.close();
  }
}

async function show(id: string, flags: Flags, context: CliContext): Promise<void> {
  const connection = await connectLake(flags, context);
  try {
    const { rows } = await connection.lake.query(
      "SELECT * FROM inferences WHERE request_id = $id ORDER BY request_time",
      { ...selectionOf(flags), predictionId: id },
      { id },
    );
    if (rows.length === 0) {
      throw new UserError([
        `no prediction has the id ${JSON.stringify(id)}; a prediction is in the lake seconds after ` +
          `its answer, and --namespace, --since and --until narrow the search`,
      ]);
    }
    for (const row of rows.map(jsonRow)) {
      if (flags.json === true) {
        context.stdout.write(`${JSON.stringify(row)}\n`);
        continue;
      }
      for (const [name, cell] of Object.entries(row)) {
        if (cell !== null) {
          const text = typeof cell === "string" ? cell : JSON.stringify(cell);
          context.stdout.write(`${name.padEnd(18)} ${printable(text)}\n`);
        }
      }
    }
  } finally {
    connection.close();
  }
}
