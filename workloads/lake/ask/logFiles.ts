import type { LakeSelection } from "../tables/lakeSelection";
import type { Lake } from "./lake";

/** A log file that the lake has rows of. */
export interface StoredLogFile {
  node: string;
  session: string;
  file: string;
  uid: string;
  bytes: number;
}

/** The bytes of a file in the lake have a hole. */
class LogGapError extends Error {
  override readonly name = "LogGapError";
}

/** The files of a selection whose first name (`file`) or `file_uid` is `name`. */
export async function findLogFiles(
  lake: Lake,
  selection: LakeSelection,
  name: string,
): Promise<StoredLogFile[]> {
  const { rows } = await lake.query(
    `SELECT node, session, file, file_uid AS uid, max(byte_end) AS bytes FROM raylogs
     WHERE file = $name OR file_uid = $name
     GROUP BY ALL ORDER BY node, session, file, uid`,
    selection,
    { name },
  );
  return rows.map((row) => ({ ...row, bytes: Number(row["bytes"]) }) as StoredLogFile);
}

/**
 * The bytes of one file in order, exactly as they were.
 *
 * @throws LogGapError where bytes between two rows are missing.
 */
export async function* readLogFile(
  lake: Lake,
  selection: LakeSelection,
  file: { node: string; uid: string },
): AsyncGenerator<Buffer> {
  let position = 0;
  const rows = lake.stream(
    // As bytes: a byte order mark is no character to who reads text.
    `SELECT byte_start, byte_end, coalesce(raw, encode(text)) AS content FROM raylogs
     WHERE node = $node AND file_uid = $uid ORDER BY byte_start, byte_end DESC`,
    selection,
    { node: file.node, uid: file.uid },
  );
  for await (const row of rows) {
    const start = Number(row["byte_start"]);
    const end = Number(row["byte_end"]);
    if (start > position) {
      throw new LogGapError(
        `bytes ${position}–${start - 1} of file ${file.uid} (node ${file.node}) aren't in ` +
          "the selection; " +
          `widen --since/--until, or see \`logs clusters\` for what the node says`,
      );
    }
    if (end <= position) {
      continue;
    }
    const bytes = rowBytes(row, end - start);
    yield bytes.subarray(position - start);
    position = end;
  }
}

function rowBytes(row: Record<string, unknown>, length: number): Buffer {
  const content = row["content"] as Buffer;
  return content.length === length ? content : Buffer.concat([content, Buffer.from("\n")]);
}
