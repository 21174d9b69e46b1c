import { createHash } from "node:crypto";
import type { Cell } from "../duckdb/parquetEngine";
import { inferenceEventsShape } from "../tables/inferenceEventsShape";

/** What a test says of an event. */
export interface EventFacts {
  id: string;
  type: "request" | "response";
  /** @default "request of a", for the request whose id is a */
  body?: string | Buffer;
  /** @default "pod-a" */
  source?: string;
  problem?: string;
}

export const testNamespace = "models";

/**
 * A row of `inferences_events`. `time`: microseconds since 1970; `place`: in the log of the writer
 * `w`.
 */
export function eventRow(
  event: EventFacts,
  time: bigint,
  place: { sequence: number; frame: number },
): Cell[] {
  const body = Buffer.from(event.body ?? `${event.type} of ${event.id}`);
  const values: Record<string, Cell> = {
    id: event.id,
    type: `org.kubeflow.serving.inference.${event.type}`,
    source: event.source ?? "pod-a",
    time,
    received_time: time,
    namespace: testNamespace,
    inference_service: "churn",
    component: "predictor",
    protocol: "v1",
    body,
    body_bytes: BigInt(body.length),
    body_sha256: createHash("sha256").update(body).digest("hex"),
    truncated: false,
    problem: event.problem ?? null,
    writer: "w",
    sequence: BigInt(place.sequence),
    frame: BigInt(place.frame),
  };
  return inferenceEventsShape.columns.map(({ name }) => values[name] ?? null);
}
