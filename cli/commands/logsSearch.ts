import type { AnswerCell, LakeAnswer } from "@mlplatform/lake/ask/lake";
import { ManifestStatus } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { listRayLogClusters } from "@mlplatform/lake/rayLogs/rayLogClusters";
import { ExitCode } from "../../screen/exitCode";
import { printable } from "../../screen/text";
import type { CliContext } from "../context";
import type { LakeConnection } from "../lakeConnection";
import { jsonRow, selectionOf, type SelectionFlags, writeAnswer } from "../lakeOutput";

/** What narrows a search to some lines. */
export interface SearchFlags extends SelectionFlags {
  json?: boolean;
  node?: string;
  file?: string;
  component?: string;
  level?: string;
  ignoreCase?: boolean;
  fixedStrings?: boolean;
  maxCount?: number;
}

const columnsOf = "namespace, cluster, node, file, line_no, ts, level, worker_id, text";

/** The query of a search and its parameters. `file` may have * and ?. */
export function searchQuery(pattern: string, flags: SearchFlags) {
  const values: Record<string, string> = { pattern };
  const conditions = [textCondition(flags)];
  for (const name of ["node", "component", "level"] as const) {
    const value = flags[name];
    if (value !== undefined) {
      conditions.push(`${name} = $${name}`);
      values[name] = name === "level" ? value.toUpperCase() : value;
    }
  }
  if (flags.file !== undefined) {
    conditions.push("file GLOB $file");
    values["file"] = flags.file;
  }
  const limit = flags.maxCount === undefined ? "" : ` LIMIT ${flags.maxCount}`;
  const sql =
    `SELECT ${columnsOf} FROM raylogs WHERE ${conditions.join(" AND ")} ` +
    `ORDER BY namespace, cluster, node, file, file_uid, byte_start${limit}`;
  return { sql, values };
}

function textCondition({ fixedStrings, ignoreCase }: SearchFlags): string {
  if (fixedStrings === true) {
    return ignoreCase === true
      ? "contains(lower(text), lower($pattern))"
      : "contains(text, $pattern)";
  }
  return `regexp_matches(text, $pattern${ignoreCase === true ? ", 'i'" : ""})`;
}

/** Writes the lines that match as grep does, or as JSON; fails where there is none. */
export async function grepLogs(
  { lake }: LakeConnection,
  pattern: string,
  flags: SearchFlags,
  context: CliContext,
): Promise<void> {
  const { sql, values } = searchQuery(pattern, flags);
  let found = 0;
  for await (const row of lake.stream(sql, selectionOf(flags), values)) {
    found += 1;
    context.stdout.write(flags.json === true ? `${JSON.stringify(jsonRow(row))}\n` : lineOf(row));
  }
  if (found === 0) {
    context.exitCode = ExitCode.Failed;
  }
}

function lineOf(row: Record<string, AnswerCell>): string {
  const place = [row["cluster"], row["node"], row["file"], row["line_no"]].map(String).join(":");
  return `${place}: ${printable(String(row["text"]))}\n`;
}

/** Lists the files that the lake has rows of. */
export async function listLogFiles(
  { lake }: LakeConnection,
  flags: SearchFlags,
  context: CliContext,
): Promise<void> {
  const node = flags.node === undefined ? "" : "WHERE node = $node";
  const answer = await lake.query(
    `SELECT cluster, node, session, file, file_uid, max(byte_end)::BIGINT AS bytes,
       count(*) AS lines, min(ts) AS first, max(ts) AS last
     FROM raylogs ${node} GROUP BY ALL ORDER BY cluster, node, session, file, file_uid`,
    selectionOf(flags),
    flags.node === undefined ? undefined : { node: flags.node },
  );
  writeAnswer(answer, flags.json === true, context);
}

/** Says for each node how far its logs are in the lake. */
export async function logStatus(
  { lake }: LakeConnection,
  flags: SearchFlags,
  context: CliContext,
): Promise<void> {
  const clusters = await listRayLogClusters(lake.store, selectionOf(flags));
  for (const { problem } of clusters.flatMap(({ unreadable }) => unreadable)) {
    context.stderr.write(`left out: ${printable(problem)}\n`);
  }
  const rows = clusters.flatMap(({ namespace, cluster, state, nodes }) =>
    nodes.map((node) => {
      const { status, files, earlierLives = [] } = node;
      const missing = files.reduce(
        (sum, { size, bytesCommitted }) => sum + size - bytesCommitted,
        0,
      );
      const folded = earlierLives.reduce((sum, { bytes }) => sum + bytes, 0);
      return {
        namespace,
        cluster,
        state,
        node: node.node,
        role: node.role,
        manifest: status,
        seen: node.seenAt ?? node.openedAt,
        files: files.length + earlierLives.reduce((sum, { lives }) => sum + lives, 0),
        bytes: files.reduce((sum, { bytesCommitted }) => sum + bytesCommitted, folded),
        // An open manifest has no files yet.
        missing: status === ManifestStatus.Open ? null : missing,
      };
    }),
  );
  const columns = Object.keys(rows[0] ?? { namespace: "", cluster: "", state: "", node: "" });
  const answer: LakeAnswer = { columns, rows };
  writeAnswer(answer, flags.json === true, context);
}
