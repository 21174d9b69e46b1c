import { Writable } from "node:stream";
import {
  findLogFiles,
  listRayLogClusters,
  readLogFile,
  type StoredCluster,
  type StoredLogFile,
} from "@mlplatform/lake";
import { Command } from "commander";
import { UserError } from "../../automation/preview/engine/userError";
import type { CliContext } from "../context";
import {
  addLakeOptions,
  connectLake,
  type LakeConnection,
  type LakeFlags,
} from "../lakeConnection";
import { addSelectionOptions, type SelectionFlags, selectionOf, writeAnswer } from "../lakeOutput";

type Flags = LakeFlags & SelectionFlags & { json?: boolean; node?: string };

const examples = `
Examples:
  npm run mlp -- logs clusters
  npm run mlp -- logs cat --cluster churn-x7k2p job-driver-raysubmit_1.log > driver.log
  npm run mlp -- logs sql "SELECT level, count(*) FROM raylogs GROUP BY 1" --cluster churn-x7k2p`;

/** `mlp logs`: Ray's logs, from the lake alone; the cluster need not exist any more. */
export function logsCommand(context: CliContext): Command {
  const command = new Command("logs")
    .description("Read the logs of Ray clusters, also of those that are gone")
    .addHelpText("after", examples);
  lakeCommand(command, "cat", "Write one file byte for byte to standard output")
    .argument("<file>", "name below Ray's logs folder, or a file_uid")
    .option("--node <name>", "only this node's file")
    .action((file: string, flags: Flags) => withLake(flags, context, cat(file, flags, context)));
  lakeCommand(command, "sql", "Run SQL over the table raylogs")
    .argument("<query>", "one DuckDB query")
    .option("--json", "one JSON object a line")
    .action((query: string, flags: Flags) =>
      withLake(flags, context, async ({ lake }) => {
        const answer = await lake.query(query, selectionOf(flags));
        writeAnswer(answer, flags.json === true, context);
      }),
    );
  lakeCommand(command, "clusters", "List clusters, and which nodes' logs are complete")
    .option("--json", "one JSON object a line")
    .action((flags: Flags) =>
      withLake(flags, context, async ({ lake }) => {
        const clusters = await listRayLogClusters(lake.store, selectionOf(flags));
        writeAnswer(clustersAnswer(clusters), flags.json === true, context);
      }),
    );
  return command;
}

function lakeCommand(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  return addSelectionOptions(addLakeOptions(command)).option(
    "-c, --cluster <name>",
    "only this Ray cluster",
  );
}

async function withLake(
  flags: Flags,
  context: CliContext,
  use: (connection: LakeConnection) => Promise<void>,
): Promise<void> {
  const connection = await connectLake(flags, context);
  try {
    await use(connection);
  } finally {
    connection.close();
  }
}

function cat(name: string, flags: Flags, context: CliContext) {
  return async ({ lake }: LakeConnection): Promise<void> => {
    const selection = selectionOf(flags);
    const all = await findLogFiles(lake, selection, name);
    const files = all.filter(({ node }) => flags.node === undefined || node === flags.node);
    const [file] = files;
    if (file === undefined) {
      throw new UserError([
        `the lake has no file ${JSON.stringify(name)} there; list names with ` +
          `logs sql "SELECT DISTINCT node, file FROM raylogs"`,
      ]);
    }
    if (files.length > 1) {
      throw new UserError([
        `${files.length} files are called ${JSON.stringify(name)}; give --cluster, --node, or one of these ids:`,
        ...files.map(describeFile),
      ]);
    }
    for await (const bytes of readLogFile(lake, selection, file)) {
      await writeBytes(bytes, context);
    }
  };
}

function describeFile({ uid, node, session, bytes }: StoredLogFile): string {
  return `${uid}  node ${node}  ${session}  ${bytes} bytes`;
}

// A pipe that is read slowly must not fill the memory.
function writeBytes(bytes: Buffer, context: CliContext): Promise<void> | void {
  const { stdout } = context;
  if (stdout instanceof Writable) {
    return new Promise((resolve, reject) => {
      stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
  stdout.write(bytes.toString("utf8"));
}

function clustersAnswer(clusters: StoredCluster[]) {
  const columns = ["namespace", "cluster", "state", "nodes", "files", "bytes", "incomplete"];
  const rows = clusters.map(({ namespace, cluster, nodes, isComplete, incompleteNodes }) => {
    const files = nodes.flatMap((node) => node.files);
    return {
      namespace,
      cluster,
      state: isComplete ? "COMPLETE" : "INCOMPLETE",
      nodes: nodes.length,
      files: files.length,
      bytes: files.reduce((sum, { bytesCommitted }) => sum + bytesCommitted, 0),
      incomplete: incompleteNodes.join(" "),
    };
  });
  return { columns, rows };
}
