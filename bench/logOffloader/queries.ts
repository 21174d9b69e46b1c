import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Lake, openLake } from "@mlplatform/lake/ask/lake";
import { encodeRayLogPart, type RayLogBytes } from "@mlplatform/lake/rayLogs/rayLogPart";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { listObjects, type ObjectStore, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { rayLogPartKey } from "@mlplatform/lake/tables/rayLogKeys";
import { searchQuery } from "../../cli/commands/logsSearch";
import { seededRandom } from "../../workloads/lake/testbed/seededRandom";
import type { Measured } from "../bench";
import { type Measurement, quantile } from "../measurement";
import { withBenchBed, testOrigin, type BenchBed } from "./benchBed";
import { rayLogLines } from "./rayLogText";

const clusters = 50;
const workerCount = 20;
const partBytes = 8 << 20;
const warmRounds = 100;
const scanCount = 3;
const cliRuns = 5;
const datePattern = "2026-11-23";
const seed = 20261123;
const root = resolve(__dirname, "../..");
const run = promisify(execFile);
const goals = { askSeconds: 2, linesASecond: 10e6 };

/** What a cluster's parts are made from; the clusters differ by name and by their tracebacks. */
interface Template {
  parts: RayLogBytes[][];
  lines: number;
  bytes: number;
}

/**
 * Questions over `lines` lines of 50 clusters, by the functions of `mlp logs grep` and `sql`. The
 * parts are what the offloader ships, not merged by the keeper yet. One cluster's lines are
 * generated and encoded anew for each cluster, with its own tracebacks among them.
 */
export function measureQueries(lines: number, say: (text: string) => void): Promise<Measured> {
  return withBenchBed(async (bed) => {
    const store = openObjectStore(bed.store.options);
    try {
      return await measureIn({ bed, store }, lines, say);
    } finally {
      store.close();
    }
  });
}

async function measureIn(
  { bed, store }: { bed: BenchBed; store: ObjectStore },
  lines: number,
  say: (text: string) => void,
): Promise<Measured> {
  const template = makeTemplate(Math.ceil(lines / clusters));
  for (let cluster = 0; cluster < clusters; cluster++) {
    await putCluster(store, template, cluster);
    if (cluster % 10 === 9) {
      say(`${cluster + 1} of ${clusters} clusters are in the lake`);
    }
  }
  let objects = 0;
  let stored = 0;
  for await (const { bytes } of listObjects(store, "raylogs/namespace=")) {
    objects += 1;
    stored += bytes;
  }
  const all = template.lines * clusters;
  const lake = openLake({
    store,
    cache: await openObjectCache({ store, directory: join(bed.folder, "cache") }),
  });
  const cold: number[] = [];
  for (let cluster = 0; cluster < clusters; cluster++) {
    cold.push(await secondsOf(() => askForWorker(lake, cluster)));
  }
  const random = seededRandom(seed);
  const warm: number[] = [];
  for (let round = 0; round < warmRounds; round++) {
    const cluster = Math.floor(random() * clusters);
    warm.push(await secondsOf(() => askForWorker(lake, cluster)));
  }
  say("asked for a worker in every cluster; scanning all lines");
  const scans: number[] = [];
  for (let scan = 0; scan < scanCount; scan++) {
    scans.push(await secondsOf(() => scanAll(lake, all)));
  }
  const counts = await secondsOf(() =>
    lake.query("SELECT cluster, level, count(*) AS n FROM raylogs GROUP BY ALL"),
  );
  const cli: number[] = [];
  for (let cluster = 0; cluster < cliRuns; cluster++) {
    cli.push(await secondsOf(() => askByCli(bed, cluster)));
  }
  const storedGB = `${(stored / 1e9).toFixed(2)} GB in ${objects} parts`;
  return [
    {
      name: `lines of ${clusters} clusters`,
      unit: "million",
      figures: [all / 1e6],
      remark: `${((template.bytes * clusters) / 1e9).toFixed(1)} GB, stored as ${storedGB}`,
    },
    ...askMeasurements("  which worker raised this traceback, nothing fetched before", cold),
    ...askMeasurements(`  the same again, ${warmRounds} times`, warm),
    {
      name: `  by \`mlp logs grep\` as a process of its own, slowest of ${cliRuns}`,
      unit: "s",
      figures: [Math.max(...cli)],
      goal: { atMost: goals.askSeconds },
    },
    {
      name: "  all lines searched for a text, fetched before",
      unit: "million lines/s",
      figures: scans.map((seconds) => all / seconds / 1e6),
      goal: { atLeast: goals.linesASecond / 1e6 },
    },
    { name: "  all lines counted by cluster and level", unit: "s", figures: [counts] },
  ];
}

function askMeasurements(name: string, seconds: readonly number[]): Measurement[] {
  const goal = { atMost: goals.askSeconds };
  return [
    { name: `${name}, p50`, unit: "s", figures: [quantile(seconds, 0.5)] },
    { name: `${name}, p95`, unit: "s", figures: [quantile(seconds, 0.95)], goal },
  ];
}

const clusterName = (cluster: number) => `job-${String(cluster).padStart(2, "0")}`;
// Another one in each part: of a cluster's tracebacks this one lies in its middle.
const errorOf = (cluster: number, part: number) =>
  `ValueError: corrupt shard ${cluster}/${part} of`;
const wantedPart = (template: number) => Math.floor(template / 2);
let parts = 0;

function makeTemplate(lines: number): Template {
  const random = seededRandom(seed);
  const workers = Array.from({ length: workerCount }, (_, worker) => {
    const id = Array.from({ length: 56 }, () => Math.floor(random() * 16).toString(16)).join("");
    return { uid: `u${worker}`, file: `worker-${id}-01000000-${4000 + worker}.out` };
  });
  const places = workers.map(() => ({ start: 0, line: 1 }));
  const text = rayLogLines(seed);
  const template: Template = { parts: [], lines: 0, bytes: 0 };
  while (template.lines < lines) {
    template.parts.push(
      workers.map((worker, index) => {
        const block: string[] = [];
        let size = 0;
        while (size < partBytes / workerCount) {
          const line = `${text.next().value as string}\n`;
          block.push(line);
          size += line.length;
        }
        const bytes = Buffer.from(block.join(""));
        const { start, line } = places[index]!;
        places[index] = { start: start + bytes.length, line: line + block.length };
        template.lines += block.length;
        template.bytes += bytes.length;
        return { session: "session_1", ...worker, start, line, lines: block.length, bytes };
      }),
    );
  }
  parts = template.parts.length;
  return template;
}

async function putCluster(store: ObjectStore, template: Template, cluster: number): Promise<void> {
  const { namespace, node } = testOrigin;
  const name = clusterName(cluster);
  const writer = randomUUID().replaceAll("-", "");
  const origin = { namespace, cluster: name, rayjob: "", node, role: "worker" };
  let put: Promise<void> = Promise.resolve();
  for (const [sequence, runs] of template.parts.entries()) {
    const body = await encodeRayLogPart(origin, withError(runs, cluster, sequence));
    const key = rayLogPartKey({ namespace, cluster: name, date: datePattern, writer, sequence });
    await put;
    put = store.put(key, body);
  }
  await put;
}

// In bed of as many bytes of a line of the part's worker, so that all positions stay.
function withError(runs: readonly RayLogBytes[], cluster: number, part: number): RayLogBytes[] {
  const error = Buffer.from(`${errorOf(cluster, part)} `);
  return runs.map((one, index) => {
    if (index !== part % workerCount) {
      return one;
    }
    const bytes = Buffer.from(one.bytes);
    for (let start = 0; ; start = bytes.indexOf("\n", start) + 1) {
      if (bytes.indexOf("\n", start) - start >= error.length) {
        error.copy(bytes, start);
        return { ...one, bytes };
      }
    }
  });
}

async function askForWorker(lake: Lake, cluster: number): Promise<void> {
  const part = wantedPart(parts);
  const { sql, values } = searchQuery(errorOf(cluster, part), {});
  const selection = { namespace: testOrigin.namespace, cluster: clusterName(cluster) };
  const workers: unknown[] = [];
  for await (const row of lake.stream(sql, selection, values)) {
    workers.push(row["worker_id"]);
  }
  if (workers.length !== 1 || String(workers[0]).length !== 56) {
    throw new Error(`cluster ${clusterName(cluster)}: found ${JSON.stringify(workers)}`);
  }
}

async function scanAll(lake: Lake, lines: number): Promise<void> {
  const { rows } = await lake.query(
    "SELECT count(*) AS lines, count(*) FILTER (contains(text, $text)) AS found FROM raylogs",
    { namespace: testOrigin.namespace },
    { text: errorOf(clusters - 1, 0) },
  );
  const [row] = rows;
  if (Number(row!["lines"]) !== lines || Number(row!["found"]) !== 1) {
    throw new Error(
      `the scan found ${String(row!["found"])} of 1 in ${String(row!["lines"])} lines`,
    );
  }
}

async function askByCli({ folder, store }: BenchBed, cluster: number): Promise<void> {
  const pattern = errorOf(cluster, wantedPart(parts));
  const flags = ["--namespace", testOrigin.namespace, "--cluster", clusterName(cluster)];
  const cache = join(folder, "cache-cli");
  await run(
    process.execPath,
    [join(root, "cli/bin.js"), "logs", "grep", pattern, ...flags, "--cache", cache],
    { cwd: root, env: { ...process.env, ...store.environment } },
  );
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
