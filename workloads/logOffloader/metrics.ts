import { Counter, Gauge, Registry } from "prom-client";

/** The sidecar's metrics; names are contract for dashboards and alerts. */
export function makeMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    readBytes: new Counter({
      name: "log_offloader_read_bytes_total",
      help: "Bytes read from Ray's files and durable on disk",
      registers,
    }),
    committedBytes: new Counter({
      name: "log_offloader_committed_bytes_total",
      help: "Bytes whose object is in the lake",
      registers,
    }),
    waitingBytes: new Gauge({
      name: "log_offloader_waiting_bytes",
      help: "Bytes in files that are not in the lake yet, as of the last poll",
      registers,
    }),
    files: new Gauge({ name: "log_offloader_files", help: "Files followed", registers }),
    fileErrors: new Counter({
      name: "log_offloader_file_errors_total",
      help: "Files that could not be read in a poll; each is tried again",
      registers,
    }),
    shipFailures: new Counter({
      name: "log_offloader_ship_failures_total",
      help: "Shipments that failed and will be tried again",
      registers,
    }),
    pauses: new Counter({
      name: "log_offloader_pauses_total",
      help: "Polls in which reading paused because the local log was full",
      registers,
    }),
  };
}
