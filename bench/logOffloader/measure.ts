import { parseArgs } from "node:util";
import { alignColumns } from "../../screen/terminal";
import { type Figure, say } from "./figure";
import { freshnessFigures } from "./freshness";
import { manyFilesFigures } from "./manyFiles";
import { bundleOffloader } from "./offloaderProcess";
import { outageFigures } from "./outage";
import { queryFigures } from "./queries";
import { sizeFigures } from "./size";
import { throughputFigures } from "./throughput";

const usage = `npm run bench:logOffloader -- [part …] [options]
  throughput  one file to the lake, beside rsyslog [--megabytes 512]
  files       10 000 files at rest and new ones among them
  size        stored bytes against raw ones and zstd -3 [--file <log> …: instead of generated lines]
  outage      the store is away for the bytes of 30 minutes at 5 MB/s [--outage-megabytes 9000]
  freshness   from a line's write until SQL sees it [--seconds 120]
  queries     questions over the lines of 50 clusters [--lines 100000000]
  --assert    end with 1 where a goal is missed`;

function readArguments() {
  return parseArgs({
    allowPositionals: true,
    options: {
      assert: { type: "boolean", default: false },
      file: { type: "string", multiple: true, default: [] },
      megabytes: { type: "string", default: "512" },
      lines: { type: "string", default: "100000000" },
      seconds: { type: "string", default: "120" },
      "outage-megabytes": { type: "string", default: "9000" },
    },
  });
}

/** Measures the offloader as its image runs it, against a real store on this machine. */
async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  const parts: Record<string, () => Promise<Figure[]>> = {
    throughput: () => throughputFigures(countOf(values.megabytes)),
    files: manyFilesFigures,
    size: () => sizeFigures(values.file),
    outage: () => outageFigures(countOf(values["outage-megabytes"])),
    freshness: () => freshnessFigures(countOf(values.seconds)),
    queries: () => queryFigures(countOf(values.lines)),
  };
  const unknown = positionals.filter((name) => parts[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`there is no part ${unknown.join(", ")}\n${usage}`);
  }
  await bundleOffloader();
  const figures: Figure[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (positionals.length === 0 || positionals.includes(name)) {
      say(`— ${name}`);
      figures.push(...(await measure()));
    }
  }
  const rows = figures.map(({ what, figure, goal = "–", isMet = true }) => [
    what,
    figure,
    goal,
    isMet ? "" : "not met",
  ]);
  console.log(alignColumns([["what", "figure", "goal", ""], ...rows]).join("\n"));
  return values.assert && figures.some(({ isMet }) => isMet === false) ? 1 : 0;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`give a whole number from 1, got ${text}\n${usage}`);
  }
  return count;
}

void main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
