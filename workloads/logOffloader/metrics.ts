import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** The sidecar's metrics; names are contract for dashboards and alerts. */
export function makeMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  return {
    registry,
    readBytes: counter(
      "log_offloader_read_bytes_total",
      "Bytes read from Ray's files and durable on disk",
    ),
    committedBytes: counter(
      "log_offloader_committed_bytes_total",
      "Bytes whose object is in the lake",
    ),
    waitingBytes: gauge(
      "log_offloader_waiting_bytes",
      "Bytes in files that are not in the lake yet, as of the last look",
    ),
    lagSeconds: gauge(
      "log_offloader_lag_seconds",
      "Age of the oldest bytes that were read and are not in the lake",
    ),
    freshness: new Histogram({
      name: "log_offloader_commit_seconds",
      help: "Time from the reading of bytes to their object in the lake",
      buckets: [1, 2.5, 5, 7.5, 10, 15, 30, 60, 300],
      registers,
    }),
    files: gauge("log_offloader_files", "Files followed"),
    diskBytes: gauge("log_offloader_disk_bytes", "Bytes that wait on disk for the lake"),
    diskMaxBytes: gauge(
      "log_offloader_disk_max_bytes",
      "Bytes that may wait on disk; beyond it reading pauses",
    ),
    fileErrors: counter(
      "log_offloader_file_errors_total",
      "Files and folders that could not be read in a poll; each is tried again",
    ),
    shipFailures: counter(
      "log_offloader_ship_failures_total",
      "Shipments that failed and will be tried again",
    ),
    storeRetries: new Counter({
      name: "log_offloader_store_retries_total",
      help: "Calls to the lake that failed and were repeated at once, by the failure's code",
      labelNames: ["code"] as const,
      registers,
    }),
    pauses: counter(
      "log_offloader_pauses_total",
      "Polls in which reading paused because the local log was full",
    ),
  };
}
