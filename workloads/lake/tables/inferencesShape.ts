import { type Column, ColumnType, type TableShape } from "../duckdb/parquetEngine";

const { Text, Bytes, Long, Int, Flag, Timestamp } = ColumnType;

function columns(type: ColumnType, ...names: string[]): Column[] {
  return names.map((name) => ({ name, type }));
}

/**
 * A line of a Ray log, or a piece of one: bytes [byte_start, byte_end) of a file. `text` is the
 * line without its newline; `raw` has the same bytes where they aren't UTF-8. A row whose range is
 * one byte longer than its content ended with a newline. Key: (node, file_uid, byte_start).
 */
export const rayLogShape: TableShape = {
  columns: [
    ...columns(Text, "cluster", "rayjob", "namespace", "session", "node", "role", "file"),
    ...columns(Text, "file_uid"),
    ...columns(Long, "byte_start", "byte_end", "line_no"),
    ...columns(Timestamp, "ts"),
    ...columns(Text, "level", "component", "worker_id", "job_id"),
    ...columns(Int, "pid"),
    ...columns(Text, "text"),
    ...columns(Bytes, "raw"),
  ],
  key: ["node", "file_uid", "byte_start"],
};

/**
 * One CloudEvent as it arrived. `problem` is set where the event couldn't be understood; its bytes
 * are kept. `body_object` is the key of a body that is an object of its own. `degraded` says why
 * `body` isn't all of it: truncated (its beginning), metadata_only, withheld (a redaction rule
 * couldn't be applied); size and hash are those of the whole body then. (writer, sequence, frame)
 * names the place in the writer's log, so that any row is found once.
 */
export const inferenceEventsShape: TableShape = {
  columns: [
    ...columns(Text, "id", "type", "source"),
    ...columns(Timestamp, "time", "recorded_time", "received_time"),
    ...columns(Text, "inference_service", "namespace", "component", "endpoint", "revision"),
    ...columns(Text, "model_name", "model_version", "mlflow_run_id"),
    ...columns(Text, "dataset_name", "dataset_version", "dataset_digest"),
    ...columns(Text, "protocol", "content_type"),
    ...columns(Bytes, "body"),
    ...columns(Long, "body_bytes"),
    ...columns(Text, "body_sha256"),
    ...columns(Flag, "truncated"),
    ...columns(Text, "degraded", "body_object"),
    ...columns(Text, "metadata", "annotations", "problem", "writer"),
    ...columns(Long, "sequence", "frame"),
  ],
  key: ["writer", "sequence", "frame"],
};

/**
 * One prediction: its request and its response. `status`: ok, no_response (the model answered with
 * something else than 200, or the answer hasn't come yet), no_request. `request` and `response` are
 * text; `…_raw` has the bytes where they aren't UTF-8, `…_object` the key of a large one.
 * `degraded`: why one of them isn't whole. `id_reused`: another request had the same id. `…_sha256`
 * is kept only where the row doesn't have the whole payload: elsewhere the table `inferences`
 * computes it, because two random hashes are half of the bytes of a small prediction. `…_hash` are
 * 63 bits that tell payloads of one id apart: see `payloadHash`.
 */
export const inferencesShape: TableShape = {
  columns: [
    ...columns(Text, "request_id"),
    ...columns(Timestamp, "request_time", "response_time"),
    ...columns(ColumnType.Double, "latency_ms"),
    ...columns(Text, "inference_service", "namespace", "component", "revision", "source"),
    ...columns(Text, "model_name", "model_version", "mlflow_run_id"),
    ...columns(Text, "dataset_name", "dataset_version", "dataset_digest"),
    ...columns(Text, "status", "protocol", "request", "response"),
    ...columns(Bytes, "request_raw", "response_raw"),
    ...columns(Text, "request_object", "response_object"),
    ...columns(Long, "request_bytes", "response_bytes"),
    ...columns(Text, "request_sha256", "response_sha256"),
    ...columns(Long, "request_hash", "response_hash"),
    ...columns(Flag, "truncated", "id_reused"),
    ...columns(Text, "degraded", "metadata"),
  ],
  key: [
    "namespace",
    "inference_service",
    "component",
    "source",
    "request_id",
    "request_hash",
    "response_hash",
  ],
};

/** An empty relation of this shape, for a table that has no files yet. */
export function emptyRelation(shape: TableShape): string {
  const cells = shape.columns.map((column) => `NULL::${column.type} AS "${column.name}"`);
  return `SELECT ${cells.join(", ")} WHERE false`;
}
