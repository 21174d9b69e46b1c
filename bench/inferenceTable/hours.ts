import { join } from "node:path";
import { copyToParquet, type ParquetEngine } from "@mlplatform/lake/duckdb/parquetEngine";
import type { ObjectStore } from "@mlplatform/lake/store/objectStore";
import { inferenceEventsPartKey } from "@mlplatform/lake/tables/inferenceKeys";
import { inferenceEventsShape } from "@mlplatform/lake/tables/inferenceEventsShape";

export const hourMs = 3_600_000;
/** A row of a table as services get it: counts, codes and amounts. */
export const tabular = `'{"instances":[{"tenure":' || (i * 7919 % 72) || ',"plan":"' ||
  ['basic','plus','pro'][1 + i * 31 % 3] || '","monthly_charge":'
    || (2000 + i * 104729 % 10000) / 100 ||
  ',"support_calls":' || (i * 13 % 9) || ',"contract_months":' || [1, 12, 24][1 + i * 17 % 3]
    || ',"region":"' ||
  ['north','south','east','west'][1 + i * 19 % 4] || '","has_fiber":' || (i * 23 % 5 > 2)
    || ',"data_gb":' ||
  (i * 15485863 % 5000) / 10 || '}]}'`;
/** A row of so many random numbers: what compresses least. */
export const randomRow = (count: number) =>
  `'{"instances":[[' || array_to_string([round(random(), 6) FOR x IN range(${count})], ',') ` +
  "|| ']]}'";
/** Parts that a writer makes of an hour here; a running service makes one every few seconds. */
const parts = 12;

/**
 * Puts an hour of requests and answers, each with the body that an SQL expression over `i` gives.
 */
export async function putHour(
  store: ObjectStore,
  engine: ParquetEngine,
  folder: string,
  hour: { start: number; predictions: number; body: string; writer: string },
): Promise<void> {
  const file = join(folder, "hour.parquet");
  const start = new Date(hour.start).toISOString().replace("Z", "");
  const each = Math.ceil(hour.predictions / parts);
  const values: Record<string, string> = {
    id: `'${hour.start}-' || md5(i::VARCHAR)`,
    type: `'org.kubeflow.serving.inference.' || kind`,
    source: "'churn-predictor-00003-deployment-6c9d8f7b5-x2x9z'",
    time: `TIMESTAMP '${start}' + to_microseconds(i * 1000)`,
    received_time: `TIMESTAMP '${start}' + to_microseconds(i * 1000)`,
    inference_service: "'churn'",
    namespace: "'bench'",
    component: "'predictor'",
    revision: "'churn-predictor-00003'",
    model_name: "'churn'",
    model_version: "(1 + i % 3)::VARCHAR",
    mlflow_run_id: "'run-1'",
    protocol: "'v1'",
    content_type: "'application/json'",
    body: `encode(${hour.body})`,
    body_bytes: `octet_length(encode(${hour.body}))`,
    body_sha256: "sha256(kind || i)",
    truncated: "false",
    writer: `'${hour.writer}'`,
    frame: "row_number() OVER ()",
  };
  for (let part = 0; part < parts; part++) {
    const columns = inferenceEventsShape.columns
      .map(
        ({ name, type }) =>
          `CAST(${name === "sequence" ? part : (values[name] ?? "NULL")} AS ${type}) AS "${name}"`,
      )
      .join(", ");
    const ids = `range(${part * each}, ${Math.min((part + 1) * each, hour.predictions)}) t(i)`;
    await copyToParquet(
      engine,
      `SELECT ${columns} FROM ${ids}, (VALUES ('request'), ('response')) k(kind)`,
      file,
    );
    const date = new Date(hour.start);
    await store.putFile(
      inferenceEventsPartKey({
        namespace: "bench",
        date: date.toISOString().slice(0, 10),
        hour: date.getUTCHours(),
        writer: hour.writer,
        sequence: part,
      }),
      file,
    );
  }
}
