import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { zstdCompressSync } from "node:zlib";
import { alignColumns } from "../../automation/preview/terminal";
import { listObjects, openObjectStore } from "@mlplatform/lake";
import { startSeaweedfs } from "../../workloads/lake/objectStores.fixture";
import { bundleOffloader, startOffloader } from "./offloaderProcess";
import { writeRayLog } from "./rayLogText";
import { measureThroughput, type ThroughputResult } from "./throughput";

const SEED = 20261123;
const MB = 1e6;
const RUNS = 3;
/** What has to hold; all else is reported. */
const goals = { throughputRatio: 1.5, peakMiB: 256, idleCpuShare: 0.03, sizeRatio: 0.2 };

/** One figure, and whether it is good. */
interface Row {
  what: string;
  figure: string;
  goal: string;
  isMet: boolean;
}

async function throughputRows(megabytes: number): Promise<Row[]> {
  const results: ThroughputResult[] = [];
  for (let run = 0; run < RUNS; run++) {
    results.push(await measureThroughput(megabytes * MB, SEED));
  }
  const ours = results.map(({ offloader }) => offloader);
  const peak = Math.max(...ours.map(({ peakMiB }) => peakMiB));
  const rows: Row[] = [
    {
      what: `${megabytes} MB of Ray's lines to Parquet on S3, ${RUNS} runs`,
      figure: `${ours.map(({ megabytesPerSecond }) => megabytesPerSecond.toFixed(1)).join(", ")} MB/s`,
      goal: "–",
      isMet: true,
    },
    {
      what: "its memory at most",
      figure: `${peak.toFixed(0)} MiB`,
      goal: `${goals.peakMiB} MiB`,
      isMet: peak <= goals.peakMiB,
    },
  ];
  const peers = results.map(({ rsyslog }) => rsyslog).filter((each) => each !== undefined);
  if (peers.length < RUNS) {
    rows.push({
      what: "rsyslog imfile → omfile beside it",
      figure: "rsyslog is not installed (Debian package rsyslog)",
      goal: "–",
      isMet: true,
    });
    return rows;
  }
  const ratios = ours.map(
    ({ megabytesPerSecond }, run) => megabytesPerSecond / peers[run]!.megabytesPerSecond,
  );
  const median = [...ratios].sort((a, b) => a - b)[1]!;
  rows.push(
    {
      what: "rsyslog imfile → omfile, the same file in the same run",
      figure: `${peers.map(({ megabytesPerSecond }) => megabytesPerSecond.toFixed(1)).join(", ")} MB/s`,
      goal: "–",
      isMet: true,
    },
    {
      what: "ratio to rsyslog, median",
      figure: `${median.toFixed(2)}× (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`,
      goal: `${goals.throughputRatio}×`,
      isMet: median >= goals.throughputRatio,
    },
    {
      what: "CPU a megabyte, ours and rsyslog's",
      figure: [ours, peers]
        .map((each) => each.map(({ cpuSeconds }) => ((cpuSeconds / megabytes) * 1e3).toFixed(1)))
        .map((each) => `${each.join(", ")} ms`)
        .join("; "),
      goal: "–",
      isMet: true,
    },
  );
  return rows;
}

/** Ten thousand files at rest, then new lines in some: how soon they are seen, and what rest costs. */
async function manyFilesRows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-bench-"));
  const store = await startSeaweedfs();
  try {
    const logs = join(folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
    mkdirSync(logs, { recursive: true });
    for (let file = 0; file < 10_000; file++) {
      writeFileSync(join(logs, `worker-${file}.out`), `first line of ${file}\n`);
    }
    const offloader = await startOffloader({
      ...store.environment,
      MLP_NAMESPACE: "bench",
      MLP_CLUSTER: "files",
      MLP_NODE: "head",
      MLP_RAY_DIR: join(folder, "ray"),
      MLP_STATE_DIR: join(folder, "state"),
    });
    await offloader.waitFor("log_offloader_files", (files) => files >= 10_000, 120_000);
    await sleep(45_000);
    const before = offloader.use().cpuSeconds;
    await sleep(20_000);
    const share = (offloader.use().cpuSeconds - before) / 20;
    const delays: number[] = [];
    for (let round = 0; round < 20; round++) {
      const read = await offloader.metric("log_offloader_read_bytes_total");
      const started = performance.now();
      writeFileSync(join(logs, `new-${round}.out`), "a line\n");
      await offloader.waitFor("log_offloader_read_bytes_total", (now) => now > read, 30_000);
      delays.push(performance.now() - started);
    }
    const peak = offloader.use().peakMiB;
    await offloader.end("SIGTERM");
    const slowest = Math.max(...delays);
    return [
      {
        what: "10 000 files at rest, share of a core",
        figure: `${(share * 100).toFixed(1)} %`,
        goal: `${goals.idleCpuShare * 100} %`,
        isMet: share <= goals.idleCpuShare,
      },
      {
        what: "a new file among them until it is read, slowest of 20",
        figure: `${(slowest / 1000).toFixed(2)} s`,
        goal: "2 s, reported",
        isMet: true,
      },
      {
        what: "memory with 10 000 files",
        figure: `${peak.toFixed(0)} MiB`,
        goal: "–",
        isMet: true,
      },
    ];
  } finally {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Stored bytes against raw ones and against zstd over the raw file. */
async function sizeRows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-bench-"));
  const store = await startSeaweedfs();
  try {
    const logs = join(folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
    mkdirSync(logs, { recursive: true });
    const file = join(logs, "raylet.out");
    writeRayLog(file, 64 * MB, SEED);
    const offloader = await startOffloader({
      ...store.environment,
      MLP_NAMESPACE: "bench",
      MLP_CLUSTER: "size",
      MLP_NODE: "head",
      MLP_RAY_DIR: join(folder, "ray"),
      MLP_STATE_DIR: join(folder, "state"),
    });
    const raw = statSync(file).size;
    await offloader.waitFor("log_offloader_read_bytes_total", (bytes) => bytes >= raw, 120_000);
    await offloader.end("SIGTERM");
    const lake = openObjectStore(store.options);
    let stored = 0;
    for await (const { bytes } of listObjects(lake, "raylogs/namespace=")) {
      stored += bytes;
    }
    lake.close();
    const zstd = zstdCompressSync(readFileSync(file)).length;
    return [
      {
        what: "size in the lake, of the raw bytes",
        figure: `${(stored / raw).toFixed(3)}×; zstd -3 of the file ${(zstd / raw).toFixed(3)}×`,
        goal: `${goals.sizeRatio}×`,
        isMet: stored / raw <= goals.sizeRatio,
      },
    ];
  } finally {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const [only, megabytes = "512"] = process.argv.slice(2);
  await bundleOffloader();
  const parts: Record<string, () => Promise<Row[]>> = {
    throughput: () => throughputRows(Number(megabytes)),
    files: manyFilesRows,
    size: sizeRows,
  };
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (only === undefined || only === name) {
      rows.push(...(await measure()));
    }
  }
  const table = rows.map(({ what, figure, goal, isMet }) => [
    what,
    figure,
    goal,
    isMet ? "" : "not met",
  ]);
  console.log(alignColumns([["what", "figure", "goal", ""], ...table]).join("\n"));
  return rows.every(({ isMet }) => isMet) ? 0 : 1;
}

void main().then((code) => (process.exitCode = code));
