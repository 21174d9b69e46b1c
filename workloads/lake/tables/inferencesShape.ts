import { columnsOf, ColumnType, type TableShape } from "./tableShape";

const { Text, Bytes, Long, Flag, Timestamp, Double } = ColumnType;

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
    ...columnsOf(Text, "request_id"),
    ...columnsOf(Timestamp, "request_time", "response_time"),
    ...columnsOf(Double, "latency_ms"),
    ...columnsOf(Text, "inference_service", "namespace", "component", "revision", "source"),
    ...columnsOf(Text, "model_name", "model_version", "mlflow_run_id"),
    ...columnsOf(Text, "dataset_name", "dataset_version", "dataset_digest"),
    ...columnsOf(Text, "status", "protocol", "request", "response"),
    ...columnsOf(Bytes, "request_raw", "response_raw"),
    ...columnsOf(Text, "request_object", "response_object"),
    ...columnsOf(Long, "request_bytes", "response_bytes"),
    ...columnsOf(Text, "request_sha256", "response_sha256"),
    ...columnsOf(Long, "request_hash", "response_hash"),
    ...columnsOf(Flag, "truncated", "id_reused"),
    ...columnsOf(Text, "degraded", "metadata"),
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
