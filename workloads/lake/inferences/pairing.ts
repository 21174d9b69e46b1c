import { EventType } from "@mlplatform/contracts/eventTypes";
import { inferencesShape } from "../tables/inferencesShape";

// KServe gives a request and its response one id, but adopts an id that the client sent: ids
// repeat. So: a repeated delivery is the same (source, id, type, body) and collapses; requests that
// share an id with different bodies all stay, flagged, and meet their responses in order of time.
//
// Bodies take no part in the matching: sorted and joined with it, an hour of them would not fit
// into memory. First the narrow columns are matched, then each row fetches its bodies.

const identityColumns = ["namespace", "inference_service", "component", "source"];
const placeColumns = ["writer", "sequence", "frame"];

/**
 * A hash over what makes ids of different pods different. `id` is the column with the prediction's
 * id.
 */
export function identityHash(id: string, alias = ""): string {
  const parts = [...identityColumns, id].map(
    (column) => `coalesce(replace(${alias}${column}, chr(10), chr(11)), '')`,
  );
  return `md5_number_lower(${parts.join(" || chr(10) || ")})`;
}

/** What stands for a payload's SHA-256 beside others of the same id, as a BIGINT. */
export function payloadHash(sha256: string): string {
  return `(md5_number_lower(${sha256}) >> 1)::BIGINT`;
}

/**
 * SQL of the matched pairs of a relation of events: where the request (`q_…`) and the response
 * (`p_…`) of each prediction are, with what decides about their row but without bodies.
 */
export function matchQuery(events: string): string {
  const identity = ["namespace", "inference_service", "component", "source", "id"].join(", ");
  const join = ["namespace", "inference_service", "component", "source", "id", "place"]
    .map((column) => `q.${column} = p.${column}`)
    .join(" AND ");
  const either = [...identityColumns, "id"]
    .map((column) => `coalesce(q.${column}, p.${column}) AS ${column}`)
    .join(", ");
  const places = ["q", "p"]
    .flatMap((side) => placeColumns.map((column) => `${side}.${column} AS ${side}_${column}`))
    .join(", ");
  return `
WITH deliveries AS (
  SELECT ${identity}, type, time, received_time, body_sha256, body_bytes, ${placeColumns.join(", ")}
  FROM ${events} WHERE problem IS NULL AND type IN ('${EventType.Request}', '${EventType.Response}')
), distinct_events AS (
  SELECT * FROM deliveries
  QUALIFY row_number() OVER (PARTITION BY ${identity}, type, body_sha256
                             ORDER BY received_time, ${placeColumns.join(", ")}) = 1
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY ${identity}, type
                               ORDER BY coalesce(time, received_time), received_time,
                                 body_sha256) AS place,
         count(*) OVER (PARTITION BY ${identity}, type) AS same_id
  FROM distinct_events
), requests AS (SELECT * FROM placed WHERE type = '${EventType.Request}'),
   responses AS (SELECT * FROM placed WHERE type = '${EventType.Response}')
SELECT ${either}, ${places},
  coalesce(q.received_time, p.received_time) AS row_time,
  p.received_time AS answered_time,
  q.body_sha256 AS request_sha256, p.body_sha256 AS response_sha256,
  ${payloadHash("q.body_sha256")} AS request_hash, ${payloadHash("p.body_sha256")} AS response_hash,
  coalesce(q.body_bytes, 0) + coalesce(p.body_bytes, 0) AS pair_bytes,
  coalesce(q.same_id, 0) > 1 OR coalesce(p.same_id, 0) > 1 AS id_reused,
  CASE WHEN p.id IS NULL THEN 'no_response' WHEN q.id IS NULL THEN 'no_request'
    ELSE 'ok' END AS status
FROM requests q FULL OUTER JOIN responses p ON ${join}`;
}

/**
 * SQL that makes rows of `inferencesShape` of matched pairs, with bodies from the events.
 *
 * @param pairs a relation that `matchQuery` gave, or a part of it
 * @param events the relation of events that it was given, or the part of it that has these pairs
 */
export function rowsQuery(pairs: string, events: string): string {
  const at = (side: string) =>
    placeColumns.map((column) => `${side}.${column} = m.${side}_${column}`).join(" AND ");
  const text = (side: string) => `TRY(decode(${side}.body))`;
  const sha256Of = (side: string, sha256: string) =>
    `CASE WHEN ${side}.truncated OR ${side}.body_object IS NOT NULL THEN ${sha256} END`;
  return `
SELECT
  m.id AS request_id,
  coalesce(q.time, q.received_time) AS request_time,
  coalesce(p.time, p.received_time) AS response_time,
  date_diff('microsecond', coalesce(q.time, q.received_time), coalesce(p.time,
    p.received_time)) / 1000.0::DOUBLE
    AS latency_ms,
  m.inference_service, m.namespace, m.component,
  coalesce(q.revision, p.revision) AS revision,
  m.source,
  coalesce(q.model_name, p.model_name) AS model_name,
  coalesce(q.model_version, p.model_version) AS model_version,
  coalesce(q.mlflow_run_id, p.mlflow_run_id) AS mlflow_run_id,
  coalesce(q.dataset_name, p.dataset_name) AS dataset_name,
  coalesce(q.dataset_version, p.dataset_version) AS dataset_version,
  coalesce(q.dataset_digest, p.dataset_digest) AS dataset_digest,
  m.status,
  coalesce(nullif(q.protocol, 'unknown'), p.protocol, 'unknown') AS protocol,
  ${text("q")} AS request,
  ${text("p")} AS response,
  CASE WHEN ${text("q")} IS NULL THEN q.body END AS request_raw,
  CASE WHEN ${text("p")} IS NULL THEN p.body END AS response_raw,
  q.body_object AS request_object,
  p.body_object AS response_object,
  q.body_bytes AS request_bytes,
  p.body_bytes AS response_bytes,
  ${sha256Of("q", "m.request_sha256")} AS request_sha256,
  ${sha256Of("p", "m.response_sha256")} AS response_sha256,
  m.request_hash, m.response_hash,
  coalesce(q.truncated, false) OR coalesce(p.truncated, false) AS truncated,
  m.id_reused,
  coalesce(q.degraded, p.degraded) AS degraded,
  coalesce(q.metadata, p.metadata) AS metadata
FROM ${pairs} m
LEFT JOIN ${events} q ON ${at("q")}
LEFT JOIN ${events} p ON ${at("p")}`;
}

/**
 * SQL that pairs the events of a relation into rows of `inferencesShape` in one step.
 *
 * @param filter which pairs become rows, over the columns of `matchQuery`.
 * @default "true"
 */
export function pairingQuery(events: string, filter = "true"): string {
  return rowsQuery(`(SELECT * FROM (${matchQuery(events)}) WHERE ${filter})`, events);
}

/** SQL of the table `inferences`: rows of `inferencesShape` with the hash of each payload. */
export function withPayloadSha256(inferences: string): string {
  const sha256 = (side: string) =>
    `coalesce(${side}_sha256, sha256(coalesce(encode(${side}), ${side}_raw))) AS ${side}_sha256`;
  return `SELECT * EXCLUDE (request_hash, response_hash) REPLACE (${sha256("request")},
    ${sha256("response")})
FROM (${inferences})`;
}

/**
 * Status of a row that says: the response without a request is now with its request in another
 * hour.
 */
export const moved = "moved";

/**
 * SQL that keeps one row a prediction from a relation in which a later part may complete an earlier
 * row: of one request the row with a response wins, and a response alone yields to the row that has
 * it.
 */
export function settledQuery(inferences: string): string {
  const identity = "namespace, inference_service, component, source, request_id";
  const columns = inferencesShape.columns.map(({ name }) => `"${name}"`).join(", ");
  return `
WITH all_rows AS (SELECT ${columns} FROM ${inferences}),
best AS (
  SELECT * FROM all_rows
  QUALIFY row_number() OVER (PARTITION BY ${identity}, request_hash,
                               CASE WHEN request_hash IS NULL THEN response_hash END
                             ORDER BY (status = '${moved}') DESC, (status = 'ok') DESC,
                                      response_time, response_hash) = 1
)
SELECT ${columns} FROM best b
WHERE status <> '${moved}' AND (status <> 'no_request' OR NOT EXISTS (
  SELECT 1 FROM best o WHERE o.status = 'ok' AND o.request_id = b.request_id AND o.source = b.source
    AND o.component = b.component AND o.inference_service = b.inference_service
    AND o.namespace = b.namespace AND o.response_hash = b.response_hash))`;
}
