import type { Bench } from "../bench";
import { measureFreshness } from "./freshness";
import { measureManyFiles } from "./manyFiles";
import { bundleOffloader } from "./offloaderProcess";
import { measureOutage } from "./outage";
import { measureQueries } from "./queries";
import { measureSize } from "./size";
import { measureThroughput } from "./throughput";

// An interface has no index signature, which the type of a bench asks for.
type Options = {
  megabytes: number;
  file: string[];
  "outage-megabytes": number;
  seconds: number;
  lines: number;
};

/** The offloader as its image runs it, against a real store on this machine. */
export const logOffloaderBench: Bench<Options> = {
  options: {
    megabytes: { about: "throughput: size of the file", default: 512 },
    file: { about: "size: a log instead of generated lines; can be repeated", default: [] },
    "outage-megabytes": { about: "outage: what is written meanwhile", default: 9000 },
    seconds: { about: "freshness: how long lines are written", default: 120 },
    lines: { about: "queries: how many there are", default: 100_000_000 },
  },
  prepare: bundleOffloader,
  parts: {
    throughput: {
      about: "one file to the lake, beside rsyslog",
      measure: ({ megabytes }, say) => measureThroughput(megabytes, say),
    },
    files: {
      about: "10 000 files at rest and new ones among them",
      measure: (_options, say) => measureManyFiles(say),
    },
    size: {
      about: "stored bytes against raw ones and zstd -3",
      measure: ({ file }, say) => measureSize(file, say),
    },
    outage: {
      about: "the store is away for the bytes of 30 minutes at 5 MB/s",
      measure: (options, say) => measureOutage(options["outage-megabytes"], say),
    },
    freshness: {
      about: "from a line's write until SQL sees it",
      measure: ({ seconds }, say) => measureFreshness(seconds, say),
    },
    queries: {
      about: "questions over the lines of 50 clusters",
      measure: ({ lines }, say) => measureQueries(lines, say),
    },
  },
};
