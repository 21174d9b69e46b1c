import { columnsOf, ColumnType, type TableShape } from "./tableShape";

const { Text, Bytes, Long, Flag, Timestamp } = ColumnType;

/**
 * One CloudEvent as it arrived. `problem` is set where the event couldn't be understood; its bytes
 * are kept. `body_object` is the key of a body that is an object of its own. `degraded` says why
 * `body` isn't all of it: truncated (its beginning), metadata_only, withheld (a redaction rule
 * couldn't be applied); size and hash are those of the whole body then. (writer, sequence, frame)
 * names the place in the writer's log, so that any row is found once.
 */
export const inferenceEventsShape: TableShape = {
  columns: [
    ...columnsOf(Text, "id", "type", "source"),
    ...columnsOf(Timestamp, "time", "recorded_time", "received_time"),
    ...columnsOf(Text, "inference_service", "namespace", "component", "endpoint", "revision"),
    ...columnsOf(Text, "model_name", "model_version", "mlflow_run_id"),
    ...columnsOf(Text, "dataset_name", "dataset_version", "dataset_digest"),
    ...columnsOf(Text, "protocol", "content_type"),
    ...columnsOf(Bytes, "body"),
    ...columnsOf(Long, "body_bytes"),
    ...columnsOf(Text, "body_sha256"),
    ...columnsOf(Flag, "truncated"),
    ...columnsOf(Text, "degraded", "body_object"),
    ...columnsOf(Text, "metadata", "annotations", "problem", "writer"),
    ...columnsOf(Long, "sequence", "frame"),
  ],
  key: ["writer", "sequence", "frame"],
};
