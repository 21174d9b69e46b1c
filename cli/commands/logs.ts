import { Writable } from "node:stream";
import { importHistory } from "@mlplatform/lake/rayLogs/historyImport";
import { findLogFiles, readLogFile, type StoredLogFile } from "@mlplatform/lake/ask/logFiles";
import { listRayLogClusters, type StoredCluster } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { Command, InvalidArgumentError } from "commander";
import { UserError, shown } from "../../screen/userError";
import type { CliContext } from "../context";
import {
  addLakeOptions,
  connectLake,
  type LakeConnection,
  type LakeFlags,
} from "../lakeConnection";
import { addSelectionOptions, type SelectionFlags, selectionOf, writeAnswer } from "../lakeOutput";
import { grepLogs, listLogFiles, logStatus, type SearchFlags } from "./logsSearch";

type Flags = LakeFlags & SelectionFlags & SearchFlags;

const examples = `
Examples:
  npm run mlp -- logs clusters
  npm run mlp -- logs grep "ValueError" --cluster churn-x7k2p --level ERROR
  npm run mlp -- logs cat --cluster churn-x7k2p job-driver-raysubmit_1.log > driver.log
  npm run mlp -- logs sql "SELECT level, count(*) FROM raylogs GROUP BY 1" --cluster churn-x7k2p`;

/** `mlp logs`: Ray's logs, from the lake alone; the cluster need not exist any more. */
export function logsCommand(context: CliContext): Command {
  const command = new Command("logs")
    .description("Read the logs of Ray clusters, even of those that are gone")
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
  lakeCommand(command, "files", "List the files that the lake has rows of")
    .option("--node <name>", "only this node's files")
    .option("--json", "one JSON object a line")
    .action((flags: Flags) =>
      withLake(flags, context, (connection) => listLogFiles(connection, flags, context)),
    );
  lakeCommand(command, "grep", "Find lines; exits with 1 if there are none")
    .argument("<pattern>", "RE2 expression")
    .option("-i, --ignore-case", "ignore case")
    .option("-F, --fixed-strings", "take the pattern as plain text")
    .option("-m, --max-count <lines>", "at most this many lines", countOf)
    .option("--node <name>", "only this node's lines")
    .option("--file <glob>", "only files whose name matches: worker-*.err")
    .option("--component <name>", "only of this component: raylet, worker, job-driver …")
    .option("--level <level>", "only lines of this level")
    .option("--json", "one JSON object a line")
    .action((pattern: string, flags: Flags) =>
      withLake(flags, context, (connection) => grepLogs(connection, pattern, flags, context)),
    );
  lakeCommand(command, "status", "Show for each node how much of its logs is in the lake")
    .option("--json", "one JSON object a line")
    .action((flags: Flags) =>
      withLake(flags, context, (connection) => logStatus(connection, flags, context)),
    );
  addLakeOptions(
    command
      .command("import")
      .description("Import logs from the bucket of KubeRay's History Server into the lake"),
  )
    .argument("<bucket>", "its bucket, on the lake's endpoint or --from-endpoint")
    .option("--from-endpoint <url>", "S3 endpoint of that bucket")
    .option("--prefix <prefix>", "only keys with this prefix", "")
    .action((bucket: string, flags: Flags & ImportFlags) =>
      withLake(flags, context, importFrom(bucket, flags, context)),
    );
  return command;
}

interface ImportFlags {
  fromEndpoint?: string;
  prefix: string;
}

function importFrom(bucket: string, flags: ImportFlags, context: CliContext) {
  return async (connection: LakeConnection): Promise<void> => {
    const source = connection.openBucket(bucket, flags.fromEndpoint);
    try {
      const done = await importHistory(source, flags.prefix, connection.lake.store);
      if (done.files === 0 && done.kept.length === 0) {
        throw new UserError({
          what:
            `bucket ${bucket} has no key cluster-history/<kind>/<namespace>/<owner>/<cluster>/` +
            `<session>/<node>/logs/… below ${shown(flags.prefix)}`,
          remedy: "Name the collector's bucket and prefix.",
        });
      }
      const { clusters, nodes, files, bytes, kept } = done;
      context.stdout.write(
        `${files} files, ${bytes} bytes of ${nodes} nodes, ${clusters} clusters\n`,
      );
      for (const node of kept) {
        context.stderr.write(`left alone: ${node}, whose own offloader's logs are in the lake\n`);
      }
    } finally {
      source.close();
    }
  };
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new InvalidArgumentError("Give a whole number from 1.");
  }
  return count;
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
      throw new UserError({
        what: `the lake has no file ${shown(name)} there`,
        remedy: "`mlp logs files` lists names.",
      });
    }
    if (files.length > 1) {
      throw new UserError({
        what: [`${files.length} files are called ${shown(name)}:`, ...files.map(describeFile)].join(
          "\n",
        ),
        remedy: "Give --cluster, --node, or the id of one of them.",
      });
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
  const rows = clusters.map((each) => {
    const { namespace, cluster, nodes, unreadable, state, incompleteNodes } = each;
    const files = nodes.flatMap((node) => node.files);
    return {
      namespace,
      cluster,
      state,
      nodes: nodes.length + unreadable.length,
      files: files.length,
      bytes: files.reduce((sum, { bytesCommitted }) => sum + bytesCommitted, 0),
      incomplete: incompleteNodes.join(" "),
    };
  });
  return { columns, rows };
}
