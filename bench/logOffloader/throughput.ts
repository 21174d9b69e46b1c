import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startSeaweedfs } from "../../workloads/lake/objectStores.fixture";
import { processUse, startOffloader } from "./offloaderProcess";
import { writeRayLog } from "./rayLogText";

/** One program's way through the same file. */
export interface Passage {
  seconds: number;
  megabytesPerSecond: number;
  peakMiB: number;
  cpuSeconds: number;
}

/** Both in one run, one after the other. */
export interface ThroughputResult {
  bytes: number;
  lines: number;
  offloader: Passage;
  /** Undefined where rsyslog isn't installed (Debian package `rsyslog`). */
  rsyslog: Passage | undefined;
}

const RSYSLOG = "/usr/sbin/rsyslogd";
const TIMEOUT_MS = 600_000;

/** Brings one file to the lake by the offloader, and to another file by rsyslog's imfile and omfile. */
export async function measureThroughput(bytes: number, seed: number): Promise<ThroughputResult> {
  const folder = mkdtempSync(join(tmpdir(), "mlplatform-bench-"));
  const store = await startSeaweedfs();
  try {
    const logs = join(folder, "ray", "session_2026-11-23_10-00-00_000001_1", "logs");
    mkdirSync(logs, { recursive: true });
    const source = join(logs, "job-driver-raysubmit_bench.log");
    const written = writeRayLog(source, bytes, seed);
    const rsyslog = existsSync(RSYSLOG)
      ? await passRsyslog(folder, source, written.bytes)
      : undefined;
    const offloader = await passOffloader(folder, store.environment, written.bytes);
    return { bytes: written.bytes, lines: written.lines, offloader, rsyslog };
  } finally {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function passOffloader(
  folder: string,
  environment: NodeJS.ProcessEnv,
  bytes: number,
): Promise<Passage> {
  const started = performance.now();
  const offloader = await startOffloader({
    ...environment,
    MLP_NAMESPACE: "bench",
    MLP_CLUSTER: "bench",
    MLP_NODE: "head",
    MLP_RAY_DIR: join(folder, "ray"),
    MLP_STATE_DIR: join(folder, "state"),
  });
  // Told to stop as soon as all is read, it ships what is left at once: its end is the end of the way.
  const isRead = (value: number) => value >= bytes;
  await offloader.waitFor("log_offloader_read_bytes_total", isRead, TIMEOUT_MS);
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
  const child = spawn(RSYSLOG, ["-n", "-f", config, "-i", join(folder, "rsyslog.pid")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((done) => child.once("close", done));
  try {
    for (let size = 0; size < bytes;) {
      await sleep(20);
      size = existsSync(target) ? statSync(target).size : 0;
      if (performance.now() - started > TIMEOUT_MS || child.exitCode !== null) {
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
