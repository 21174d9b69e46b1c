import { columnsOf, ColumnType, type TableShape } from "./tableShape";

const { Text, Bytes, Long, Int, Timestamp } = ColumnType;

/**
 * A line of a Ray log, or a piece of one: bytes [byte_start, byte_end) of a file. `text` is the
 * line without its newline; `raw` has the same bytes where they aren't UTF-8. A row whose range is
 * one byte longer than its content ended with a newline. Key: (node, file_uid, byte_start).
 */
export const rayLogShape: TableShape = {
  columns: [
    ...columnsOf(Text, "cluster", "rayjob", "namespace", "session", "node", "role", "file"),
    ...columnsOf(Text, "file_uid"),
    ...columnsOf(Long, "byte_start", "byte_end", "line_no"),
    ...columnsOf(Timestamp, "ts"),
    ...columnsOf(Text, "level", "component", "worker_id", "job_id"),
    ...columnsOf(Int, "pid"),
    ...columnsOf(Text, "text"),
    ...columnsOf(Bytes, "raw"),
  ],
  key: ["node", "file_uid", "byte_start"],
};
