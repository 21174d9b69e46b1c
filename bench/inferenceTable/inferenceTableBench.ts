import type { Bench } from "../bench";
import { withBenchBed } from "./benchBed";
import { measureCompaction } from "./compaction";
import { measureIngest } from "./ingest";
import { measureLatency } from "./latency";
import { measureOutage } from "./outage";
import { measurePairing } from "./pairing";
import { measureQueries } from "./queries";
import { measureStall } from "./stall";

// An interface has no index signature, which the type of a bench asks for.
type Options = {
  seconds: number;
  outage: number;
  events: number;
};

/** Speed, freshness, size and memory of the inference table, as its image runs it. */
export const inferenceTableBench: Bench<Options> = {
  options: {
    seconds: { about: "ingest, latency: how long the load goes on", default: 10 },
    outage: { about: "outage: seconds of 2000 events each", default: 60 },
    events: {
      about: "outage: as many events as fast as they are taken, in place of seconds",
      default: 0,
    },
  },
  parts: {
    ingest: {
      about: "events a second beside a server that does nothing",
      measure: ({ seconds }) => withBenchBed((bed) => measureIngest(bed, seconds)),
    },
    latency: {
      about: "until an event is acknowledged, and in the lake",
      measure: ({ seconds }) => withBenchBed((bed) => measureLatency(bed, seconds)),
    },
    outage: {
      about: "the store is away under load, and comes back",
      measure: ({ outage, events }) => withBenchBed((bed) => measureOutage(bed, outage, events)),
    },
    stall: {
      about: "a model's logger while a table hangs",
      measure: () => withBenchBed(measureStall),
    },
    pairing: {
      about: "a day of ten million events, by the hour (MLP_BENCH_HOURS)",
      measure: () => withBenchBed(measurePairing),
    },
    compaction: {
      about: "merging the parts of a running service",
      measure: () => withBenchBed(measureCompaction),
    },
    queries: {
      about: "questions over a million predictions, beside chDB where it is",
      measure: () => withBenchBed(measureQueries),
    },
  },
};
