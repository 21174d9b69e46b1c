import { EventType } from "@mlplatform/contracts/eventTypes";
import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { modelOf, revisionOf, unknownText } from "./commit/eventRow";
import { type InferenceEvent, Kept } from "./intake/inferenceEvent";
import { Rung } from "./intake/pressure";

// Names in events come from outside: a sender that invents one for each must not fill the memory.
const maxSeries = 10_000;
const other = "other";

/** The service's metrics; names are contract for dashboards and alerts. */
export function makeMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const received = new Counter({
    name: "inference_table_events_received_total",
    help:
      "Events acknowledged after they were durable, by namespace, inference service, revision " +
      "and type",
    labelNames: ["k8s_namespace_name", "inference_service", "revision", "type"],
    registers,
  });
  const unknownModel = new Counter({
    name: "inference_table_events_unknown_model_total",
    help:
      "Events whose annotations name no model version or run: " +
      "their predictions can't be traced",
    labelNames: ["k8s_namespace_name", "inference_service"],
    registers,
  });
  const quarantined = new Counter({
    name: "inference_table_events_quarantined_total",
    help: "Events kept in quarantine because they could not be understood",
    registers,
  });
  const degraded = new Counter({
    name: "inference_table_events_degraded_total",
    help: "Events of which less than the whole body is kept, by what is kept",
    labelNames: ["kept"],
    registers,
  });
  const refused = new Counter({
    name: "inference_table_events_refused_total",
    help:
      "Requests that were not stored, by reason; each is a lost event because the sender never " +
      "retries",
    labelNames: ["reason"],
    registers,
  });
  // What never came about is 0, not absent.
  ["full", "disk_error"].forEach((reason) => refused.inc({ reason }, 0));
  [Kept.Truncated, Kept.MetadataOnly, Kept.Withheld].forEach((kept) => degraded.inc({ kept }, 0));
  const series = new Map<string, { inc: () => void }>();

  function seriesOf({ namespace, inferenceService, source, type, annotations }: InferenceEvent) {
    const key = `${namespace}\n${inferenceService}\n${source}\n${type}\n${annotations}`;
    let found = series.get(key);
    if (found === undefined) {
      const isOne = series.size < maxSeries;
      const labels = {
        k8s_namespace_name: isOne ? namespace : other,
        inference_service: isOne ? inferenceService : other,
        revision: isOne ? revisionOf(source) : other,
        type: type === EventType.Request ? "request" : "response",
      };
      const model = modelOf(annotations);
      const isKnown =
        model(platformAnnotations.modelVersion) !== unknownText &&
        model(platformAnnotations.runId) !== unknownText;
      const { k8s_namespace_name, inference_service } = labels;
      found = {
        inc() {
          received.inc(labels);
          if (!isKnown) {
            unknownModel.inc({ k8s_namespace_name, inference_service });
          }
        },
      };
      if (isOne) {
        series.set(key, found);
      }
    }
    return found;
  }

  return {
    registry,
    /** Counts an acknowledged event. */
    countEvent(event: InferenceEvent): void {
      if (event.problem !== "") {
        quarantined.inc();
      } else {
        seriesOf(event).inc();
      }
      if (event.kept !== undefined && event.kept !== Kept.Whole) {
        degraded.inc({ kept: event.kept });
      }
    },
    bufferShare: new Gauge({
      name: "inference_table_buffer_share",
      help: "Share of the room for events that aren't in the lake yet, 0 to 1",
      registers,
    }),
    rung: new Gauge({
      name: "inference_table_rung",
      help: "1 for what is kept of new bodies now: full, truncated, metadata_only",
      labelNames: ["rung"],
      registers,
    }),
    redactionFailures: new Counter({
      name: "inference_table_redaction_failures_total",
      help: "Bodies withheld because a redaction rule could not be applied to them",
      registers,
    }),
    refused,
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
    expiredObjects: new Counter({
      name: "inference_table_expired_objects_total",
      help: "Objects deleted because their namespace keeps them no longer",
      registers,
    }),
    compactedParts: new Counter({
      name: "inference_table_compacted_parts_total",
      help: "Parts of events that were merged into larger ones",
      registers,
    }),
    compactionFailures: new Counter({
      name: "inference_table_compaction_failures_total",
      help: "Hours whose parts of events couldn't be merged; they are tried again",
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

/** Shows the rung that is taken. */
export function showRung(metrics: InferenceTableMetrics, share: number, taken: Rung): void {
  metrics.bufferShare.set(share);
  Object.values(Rung).forEach((rung) => metrics.rung.set({ rung }, rung === taken ? 1 : 0));
}

/** What `makeMetrics` makes. */
export type InferenceTableMetrics = ReturnType<typeof makeMetrics>;
