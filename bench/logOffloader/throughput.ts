import { spawn } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Measured } from "../bench";
import { processUse } from "./offloaderProcess";
import { withBenchBed, type BenchBed } from "./benchBed";
import { writeRayLog } from "./rayLogText";

/** One program's way through the same file. */
interface Passage {
  seconds: number;
  megabytesPerSecond: number;
  peakMiB: number;
  cpuSeconds: number;
}

/** Both in one run, one after the other. */
interface Run {
  offloader: Passage;
  /** Undefined where rsyslog isn't installed (Debian package `rsyslog`). */
  rsyslog: Passage | undefined;
}

const mb = 1e6;
const seed = 20261123;
const runCount = 3;
const rsyslogConfig = "/usr/sbin/rsyslogd";
const timeoutMs = 600_000;
const goals = { ratio: 1.5, peakMiB: 256 };

/** One file to the lake by the offloader, and to another file by rsyslog's imfile and omfile. */
export async function measureThroughput(
  megabytes: number,
  say: (text: string) => void,
): Promise<Measured> {
  const runs: Run[] = [];
  for (let run = 0; run < runCount; run++) {
    const { offloader, rsyslog } = await withBenchBed((bed) => measureRun(bed, megabytes * mb));
    runs.push({ offloader, rsyslog });
    const peer = rsyslog === undefined ? "no rsyslog" : `rsyslog ${speed(rsyslog)}`;
    say(`run ${run + 1} of ${runCount}: ${speed(offloader)} MB/s, ${peer}`);
  }
  const ours = runs.map(({ offloader }) => offloader);
  const peers = runs.map(({ rsyslog }) => rsyslog).filter((each) => each !== undefined);
  const isCompared = peers.length === runs.length;
  const peerName = "  rsyslog, imfile → omfile, the same file in the same run";
  return [
    {
      name: `${megabytes} MB of Ray's lines to Parquet on S3`,
      unit: "MB/s",
      figures: ours.map(({ megabytesPerSecond }) => megabytesPerSecond),
      ...(isCompared && {
        ratios: ours.map((each, run) => each.megabytesPerSecond / peers[run]!.megabytesPerSecond),
        ratioTo: "rsyslog",
        goal: { atLeast: goals.ratio },
      }),
    },
    { name: "  processor time a megabyte", unit: "ms", figures: cpuMs(ours, megabytes) },
    {
      name: "  memory at most",
      unit: "MiB",
      figures: [Math.max(...ours.map(({ peakMiB }) => peakMiB))],
      goal: { atMost: goals.peakMiB },
    },
    ...(isCompared
      ? [
          {
            name: peerName,
            unit: "MB/s",
            figures: peers.map(({ megabytesPerSecond }) => megabytesPerSecond),
          },
          { name: "  its processor time a megabyte", unit: "ms", figures: cpuMs(peers, megabytes) },
        ]
      : [{ name: peerName, missing: "rsyslog is not installed (Debian package rsyslog)" }]),
  ];
}

const speed = ({ megabytesPerSecond }: Passage) => megabytesPerSecond.toFixed(1);

function cpuMs(passages: readonly Passage[], megabytes: number): number[] {
  return passages.map(({ cpuSeconds }) => (cpuSeconds / megabytes) * 1e3);
}

async function measureRun(bed: BenchBed, bytes: number): Promise<Run> {
  const source = join(bed.logs, "job-driver-raysubmit_bench.log");
  const written = writeRayLog(source, bytes, seed).bytes;
  const rsyslog = existsSync(rsyslogConfig)
    ? await passRsyslog(bed.folder, source, written)
    : undefined;
  return { rsyslog, offloader: await passOffloader(bed, written) };
}

async function passOffloader(bed: BenchBed, bytes: number): Promise<Passage> {
  const started = performance.now();
  const offloader = await bed.start();
  // Told to stop as soon as all is read, it ships what is left at once: its end is the end of the
  // way.
  const isRead = (value: number) => value >= bytes;
  await offloader.waitFor("log_offloader_read_bytes_total", isRead, timeoutMs);
  let use = offloader.use();
  const timer = setInterval(() => (use = offloader.use()), 20);
  const code = await offloader.end("SIGTERM").finally(() => clearInterval(timer));
  if (code !== 0) {
    throw new Error(`the offloader's drain ended with ${code}\n${offloader.output()}`);
  }
  return passageOf(started, bytes, use);
}

async function passRsyslog(folder: string, source: string, bytes: number): Promise<Passage> {
  const target = join(folder, "rsyslog.out");
  const config = join(folder, "rsyslog.conf");
  mkdirSync(join(folder, "rsyslog"));
  writeFileSync(
    config,
    [
      `global(workDirectory="${join(folder, "rsyslog")}" maxMessageSize="64k")`,
      `module(load="imfile" mode="inotify")`,
      `template(name="raw" type="string" string="%msg%\\n")`,
      `input(type="imfile" File="${source}" Tag="ray")`,
      `action(type="omfile" file="${target}" template="raw")`,
      "",
    ].join("\n"),
  );
  const started = performance.now();
  const child = spawn(rsyslogConfig, ["-n", "-f", config, "-i", join(folder, "rsyslog.pid")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((done) => child.once("close", done));
  try {
    for (let size = 0; size < bytes;) {
      await sleep(20);
      size = existsSync(target) ? statSync(target).size : 0;
      if (performance.now() - started > timeoutMs || child.exitCode !== null) {
        throw new Error(`rsyslog wrote ${size} of ${bytes} bytes`);
      }
    }
    return passageOf(started, bytes, processUse(child.pid!));
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

function passageOf(
  started: number,
  bytes: number,
  use: { peakMiB: number; cpuSeconds: number },
): Passage {
  const seconds = (performance.now() - started) / 1000;
  return { seconds, megabytesPerSecond: bytes / 1e6 / seconds, ...use };
}
