import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** The service's metrics; names are contract for dashboards and alerts. */
export function makeMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    received: new Counter({
      name: "inference_table_events_received_total",
      help: "Events acknowledged after they were durable, by namespace, inference service and type",
      labelNames: ["namespace", "inference_service", "type"],
      registers,
    }),
    refused: new Counter({
      name: "inference_table_events_refused_total",
      help: "Requests that were not stored, by reason; each is a lost event because the sender never retries",
      labelNames: ["reason"],
      registers,
    }),
    quarantined: new Counter({
      name: "inference_table_events_quarantined_total",
      help: "Events kept in quarantine because they could not be understood",
      registers,
    }),
    ackSeconds: new Histogram({
      name: "inference_table_ack_seconds",
      help: "From the request's first byte to its acknowledgement",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
      registers,
    }),
    committedEvents: new Counter({
      name: "inference_table_events_committed_total",
      help: "Events whose object is in the lake",
      registers,
    }),
    commitFailures: new Counter({
      name: "inference_table_commit_failures_total",
      help: "Commits that failed and will be tried again",
      registers,
    }),
    pairedRows: new Counter({
      name: "inference_table_paired_rows_total",
      help: "Predictions written to the paired table",
      registers,
    }),
    pairFailures: new Counter({
      name: "inference_table_pair_failures_total",
      help: "Pairing runs that failed and will be tried again",
      registers,
    }),
    storeRetries: new Counter({
      name: "inference_table_store_retries_total",
      help: "Repeated calls to the object store, by error code",
      labelNames: ["code"],
      registers,
    }),
    logBytes: new Gauge({
      name: "inference_table_log_bytes",
      help: "Bytes of acknowledged events on disk that are not in the lake yet",
      registers,
    }),
    recoveredTornBytes: new Gauge({
      name: "inference_table_recovered_torn_bytes",
      help: "Unacknowledged bytes dropped at start",
      registers,
    }),
    recoveredDamagedBytes: new Gauge({
      name: "inference_table_recovered_damaged_bytes",
      help: "Acknowledged bytes found damaged at start; a copy is kept beside the log",
      registers,
    }),
  };
}

/** What `makeMetrics` makes. */
export type InferenceTableMetrics = ReturnType<typeof makeMetrics>;
