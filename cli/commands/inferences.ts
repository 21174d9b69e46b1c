import { MlflowError } from "@mlplatform/lake/ask/mlflowClient";
import { FeaturesError, type FeaturesOf } from "@mlplatform/lake/inferences/featuresTable";
import { Command } from "commander";
import { layoutOf } from "../../screen/layout";
import { table } from "../../screen/table";
import { printable } from "../../screen/text";
import { UserError, shown } from "../../screen/userError";
import type { CliContext } from "../context";
import {
  addLakeOptions,
  connectLake,
  type LakeConnection,
  type LakeFlags,
} from "../lakeConnection";
import {
  addSelectionOptions,
  jsonRow,
  type SelectionFlags,
  selectionOf,
  writeAnswer,
} from "../lakeOutput";

type Flags = LakeFlags & SelectionFlags & { json?: boolean };
type SqlFlags = Flags & { model?: string };
type TailFlags = Flags & { lines: string; follow?: boolean };

const pollMs = 2_000;
const dayMs = 24 * 3_600_000;
const tailColumns =
  "request_time, namespace, revision, model_version, status, latency_ms, request_id";

const examples = `
Tables: inferences (a row a prediction), inferences_events (a row a payload event), and with --model
features (a row an instance, with the columns of the model's MLflow signature).

Examples:
  npm run mlp -- inferences sql "SELECT model_version, count(*) FROM inferences GROUP BY 1"
  npm run mlp -- inferences sql --model churn "SELECT avg(age), avg(output_0) FROM features"
  npm run mlp -- inferences tail --follow --namespace models
  npm run mlp -- inferences show 8f2c1b6e-6f0e-4f0b-9a7b-3d7f7a2f1c11 --json`;

/** `mlp inferences`: what the models were asked and answered. */
export function inferencesCommand(context: CliContext): Command {
  const command = new Command("inferences")
    .description("Query the inference table")
    .addHelpText("after", examples);
  addSelectionOptions(
    addLakeOptions(
      command
        .command("sql")
        .description("Run SQL over inferences, inferences_events and features")
        .argument("<query>", "one DuckDB query")
        .option(
          "--model <name>",
          "model whose predictions `features` holds: churn, or churn@7 for one version; " +
            "--namespace names its project",
        )
        .option("--mlflow <url>", "MLflow's address [MLFLOW_TRACKING_URI, or the local run's]")
        .option("--json", "one JSON object a line"),
    ),
  ).action((query: string, flags: SqlFlags) => runSql(query, flags, context));
  addSelectionOptions(
    addLakeOptions(
      command
        .command("tail")
        .description("Show the latest predictions")
        .option("--lines <count>", "how many", "20")
        .option("-f, --follow", "keep showing new ones, until Ctrl-C")
        .option("--json", "one JSON object a line"),
    ),
  ).action((flags: TailFlags) => tail(flags, context));
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

async function runSql(query: string, flags: SqlFlags, context: CliContext): Promise<void> {
  const connection = await connectLake(flags, context);
  try {
    const { model } = flags;
    const features = model === undefined ? undefined : await featuresOf(model, flags, connection);
    const answer = await connection.lake.query(query, { ...selectionOf(flags), features });
    writeAnswer(answer, flags.json === true, context);
  } catch (error) {
    if (error instanceof FeaturesError || error instanceof MlflowError) {
      throw new UserError({ what: error.message });
    }
    throw error;
  } finally {
    connection.close();
  }
}

async function featuresOf(
  text: string,
  { namespace }: SqlFlags,
  connection: LakeConnection,
): Promise<FeaturesOf> {
  const [model, version] = text.split("@", 2);
  const client = await connection.mlflow();
  // A namespace is a project, and MLflow keeps each project's models in a workspace.
  const mlflow = namespace === undefined ? client : client.inWorkspace(namespace);
  return { model: model!, version, signatureOf: (name, each) => mlflow.signature(name, each) };
}

async function tail(flags: TailFlags, context: CliContext): Promise<void> {
  const lines = Number(flags.lines);
  if (!Number.isInteger(lines) || lines < 1 || lines > 10_000) {
    throw new UserError({
      what: "--lines must be a whole number",
      seen: shown(flags.lines),
      remedy: "Give one from 1 to 10000.",
    });
  }
  const connection = await connectLake(flags, context);
  let isStopped = false;
  const stop = () => (isStopped = true);
  process.once("SIGINT", stop);
  try {
    const shown = new Set<string>();
    let latest: Date | undefined;
    do {
      // Hours before the last one shown can't have anything later.
      const since: Date = latest ?? flags.since ?? new Date(Date.now() - dayMs);
      const { columns, rows } = await connection.lake.query(
        `SELECT * FROM (SELECT ${tailColumns} FROM inferences ORDER BY request_time DESC NULLS LAST
                        LIMIT ${lines}) ORDER BY request_time NULLS FIRST`,
        { ...selectionOf(flags), since },
      );
      const fresh = rows.filter((row) => !shown.has(lineId(row)));
      fresh.forEach((row) => shown.add(lineId(row)));
      latest = (fresh.at(-1)?.["request_time"] as Date | undefined) ?? latest;
      if (fresh.length > 0 || flags.follow !== true) {
        writeAnswer({ columns, rows: fresh }, flags.json === true, context);
      }
      for (let waited = 0; flags.follow === true && waited < pollMs && !isStopped; waited += 50) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } while (flags.follow === true && !isStopped);
  } finally {
    process.off("SIGINT", stop);
    connection.close();
  }
}

// A prediction is shown again when its answer has come.
function lineId(row: Record<string, unknown>): string {
  return `${String(row["request_id"])} ${String(row["status"])}`;
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
      throw new UserError({
        what: `no prediction has the id ${shown(id)}`,
        remedy:
          "A prediction is in the lake seconds after its answer; --namespace, --since and " +
          "--until narrow the search.",
      });
    }
    const layout = layoutOf(context.stdout);
    for (const row of rows.map(jsonRow)) {
      if (flags.json === true) {
        context.stdout.write(`${JSON.stringify(row)}\n`);
        continue;
      }
      const facts = Object.entries(row)
        .filter(([, cell]) => cell !== null)
        .map(([name, cell]) => {
          const text = typeof cell === "string" ? cell : JSON.stringify(cell);
          return [name, printable(text)];
        });
      const lines = table({ columns: [{ name: "" }, { name: "" }], rows: facts }, layout);
      context.stdout.write(`${lines.join("\n")}\n`);
    }
  } finally {
    connection.close();
  }
}
