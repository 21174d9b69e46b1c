import { inferencesShape } from "./tables";

// KServe gives a request and its response one id, but adopts an id that the client sent: ids repeat.
// So: a repeated delivery is the same (source, id, type, body) and collapses; requests that share an id
// with different bodies all stay, flagged, and meet their responses in order of time.

const REQUEST = "org.kubeflow.serving.inference.request";
const RESPONSE = "org.kubeflow.serving.inference.response";
const IDENTITY = ["namespace", "inference_service", "component", "source", "id"].join(", ");

/**
 * SQL that pairs the events of a relation into rows of `inferencesShape`.
 *
 * @param events a relation of event rows
 * @param requestFilter which requests and unmatched responses become rows, over `received_time`.
 *   Responses outside it are still matched. @default "true"
 */
export function pairingQuery(events: string, requestFilter = "true"): string {
  return `
WITH deliveries AS (
  SELECT * FROM ${events} WHERE problem IS NULL AND type IN ('${REQUEST}', '${RESPONSE}')
), distinct_events AS (
  SELECT * FROM deliveries
  QUALIFY row_number() OVER (PARTITION BY ${IDENTITY}, type, body_sha256
                             ORDER BY received_time, writer, sequence, frame) = 1
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY ${IDENTITY}, type
                               ORDER BY coalesce(time, received_time), received_time, body_sha256) AS place,
         count(*) OVER (PARTITION BY ${IDENTITY}, type) AS same_id
  FROM distinct_events
), requests AS (SELECT * FROM placed WHERE type = '${REQUEST}'),
   responses AS (SELECT * FROM placed WHERE type = '${RESPONSE}')
SELECT
  coalesce(q.id, p.id) AS request_id,
  coalesce(q.time, q.received_time) AS request_time,
  coalesce(p.time, p.received_time) AS response_time,
  date_diff('microsecond', coalesce(q.time, q.received_time), coalesce(p.time, p.received_time)) / 1000.0::DOUBLE
    AS latency_ms,
  coalesce(q.inference_service, p.inference_service) AS inference_service,
  coalesce(q.namespace, p.namespace) AS namespace,
  coalesce(q.component, p.component) AS component,
  coalesce(q.revision, p.revision) AS revision,
  coalesce(q.source, p.source) AS source,
  coalesce(q.model_name, p.model_name) AS model_name,
  coalesce(q.model_version, p.model_version) AS model_version,
  coalesce(q.mlflow_run_id, p.mlflow_run_id) AS mlflow_run_id,
  coalesce(q.dataset_name, p.dataset_name) AS dataset_name,
  coalesce(q.dataset_version, p.dataset_version) AS dataset_version,
  coalesce(q.dataset_digest, p.dataset_digest) AS dataset_digest,
  CASE WHEN p.id IS NULL THEN 'no_response' WHEN q.id IS NULL THEN 'no_request' ELSE 'ok' END AS status,
  coalesce(nullif(q.protocol, 'unknown'), p.protocol, 'unknown') AS protocol,
  TRY(decode(q.body)) AS request,
  TRY(decode(p.body)) AS response,
  CASE WHEN TRY(decode(q.body)) IS NULL THEN q.body END AS request_raw,
  CASE WHEN TRY(decode(p.body)) IS NULL THEN p.body END AS response_raw,
  q.body_bytes AS request_bytes,
  p.body_bytes AS response_bytes,
  q.body_sha256 AS request_sha256,
  p.body_sha256 AS response_sha256,
  coalesce(q.truncated, false) OR coalesce(p.truncated, false) AS truncated,
  coalesce(q.same_id, 0) > 1 OR coalesce(p.same_id, 0) > 1 AS id_reused,
  coalesce(q.metadata, p.metadata) AS metadata
FROM requests q FULL OUTER JOIN responses p
  ON q.namespace = p.namespace AND q.inference_service = p.inference_service
 AND q.component = p.component AND q.source = p.source AND q.id = p.id AND q.place = p.place
WHERE ${requestFilter.replaceAll("received_time", "coalesce(q.received_time, p.received_time)")}`;
}

/**
 * SQL that keeps one row a prediction from a relation in which a later part may complete an earlier
 * row: of one request the row with a response wins, and a response alone yields to the row that has it.
 */
export function settledQuery(inferences: string): string {
  const identity = "namespace, inference_service, component, source, request_id";
  const columns = inferencesShape.columns.map(({ name }) => `"${name}"`).join(", ");
  return `
WITH all_rows AS (SELECT ${columns} FROM ${inferences}),
best AS (
  SELECT * FROM all_rows
  QUALIFY row_number() OVER (PARTITION BY ${identity}, request_sha256,
                               CASE WHEN request_sha256 IS NULL THEN response_sha256 END
                             ORDER BY (status = 'ok') DESC, response_time, response_sha256) = 1
)
SELECT ${columns} FROM best b
WHERE status <> 'no_request' OR NOT EXISTS (
  SELECT 1 FROM best o WHERE o.status = 'ok' AND o.request_id = b.request_id AND o.source = b.source
    AND o.component = b.component AND o.inference_service = b.inference_service
    AND o.namespace = b.namespace AND o.response_sha256 = b.response_sha256)`;
}
