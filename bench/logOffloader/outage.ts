import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lakeVariables } from "@mlplatform/contracts/environment";
import { getRayLogManifest } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import { startRelay } from "../../workloads/lake/testbed/relay";
import type { Measured } from "../bench";
import type { OffloaderProcess } from "./offloaderProcess";
import { withBenchBed, testOrigin, type BenchBed } from "./benchBed";
import { writeRayLog } from "./rayLogText";

const mb = 1e6;
const blockMb = 64;
/** What is written a second before, during and after the outage. */
const inputBytesASecond = 5 * mb;
const tickMs = 200;
// What waits in steady state: a shipping period's bytes and a segment.
const caughtUpBytes = 10 * inputBytesASecond;
const timeoutMs = 900_000;
const goals = { timesRealTime: 5, peakMiB: 200 };

/**
 * The store is away while `megabytes` are written to one file, as fast as the disk takes them: what
 * matters is the backlog on its return, not the wait. Then 5 MB/s go on being written while it is
 * caught up with.
 */
export function measureOutage(megabytes: number, say: (text: string) => void): Promise<Measured> {
  return withBenchBed(async (bed) => {
    const { bavail, bsize } = statfsSync(bed.folder);
    if (bavail * bsize < megabytes * mb * 1.6) {
      throw new Error(`an outage of ${megabytes} MB needs 1.6 times as much room in ${bed.folder}`);
    }
    const relay = await startRelay(bed.store.options.endpoint!);
    try {
      return await measureIn({ bed, relay }, megabytes, say);
    } finally {
      await relay.stop();
    }
  });
}

type Relay = Awaited<ReturnType<typeof startRelay>>;

async function measureIn(
  { bed, relay }: { bed: BenchBed; relay: Relay },
  megabytes: number,
  say: (text: string) => void,
): Promise<Measured> {
  const sample = join(bed.folder, "sample.log");
  writeRayLog(sample, blockMb * mb, 20261123);
  const log = openLog(join(bed.logs, "job-driver-raysubmit_outage.log"), readFileSync(sample));
  const offloader = await bed.start({
    [lakeVariables.endpoint]: relay.endpoint,
    MLP_DRAIN_MS: "120000",
  });
  await relay.cut();
  while (log.size() < megabytes * mb) {
    log.append(16 * mb);
    await sleep(1);
  }
  await waitUntilStill(offloader);
  const waiting = log.size();
  const duringMiB = offloader.use().peakMiB;
  const diskMiB = (await offloader.metric("log_offloader_disk_bytes")) / 2 ** 20;
  say(
    `${(waiting / mb).toFixed(0)} MB wait, ${diskMiB.toFixed(0)} MiB of them in the buffer on disk`,
  );

  const stopWriting = writeOn(log);
  await relay.restore();
  const started = performance.now();
  let committed = 0;
  for (let looks = 0; log.size() - committed > caughtUpBytes; looks++) {
    if (performance.now() - started > timeoutMs) {
      throw new Error(`${committed} of ${log.size()} bytes are in the lake\n${offloader.output()}`);
    }
    await sleep(tickMs);
    committed = await offloader.metric("log_offloader_committed_bytes_total");
    offloader.use();
    if (looks % 50 === 49) {
      say(`${(committed / mb).toFixed(0)} of ${(log.size() / mb).toFixed(0)} MB are in the lake`);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  await stopWriting();
  const { peakMiB } = offloader.use();
  const code = await offloader.end("SIGTERM");
  const { bytes, sha256 } = log.close();
  const store = openObjectStore(bed.store.options);
  const { files } = await getRayLogManifest(store, testOrigin);
  store.close();
  const isWhole = code === 0 && files[0]?.bytesCommitted === bytes && files[0].sha256 === sha256;
  const times = committed / inputBytesASecond / seconds;
  const minutes = (waiting / inputBytesASecond / 60).toFixed(0);
  return [
    {
      name: `an outage of ${minutes} min at 5 MB/s: bytes not in the lake, by SHA-256`,
      unit: "",
      // Where only the digest is wrong, all are in doubt.
      figures: [isWhole ? 0 : bytes - (files[0]?.bytesCommitted ?? 0) || bytes],
      goal: { atMost: 0 },
      remark: `${(waiting / mb).toFixed(0)} MB in one file`,
    },
    {
      name: "  caught up, while 5 MB/s go on being written",
      unit: "s",
      figures: [seconds],
      ratios: [times],
      ratioTo: "real time",
      goal: { atLeast: goals.timesRealTime },
      remark: `${(committed / mb / seconds).toFixed(0)} MB/s`,
    },
    { name: "  memory while the store is away", unit: "MiB", figures: [duringMiB] },
    {
      name: "  memory in all",
      unit: "MiB",
      figures: [peakMiB],
      goal: { atMost: goals.peakMiB },
      remark: `also what a file of ${(bytes / 1e9).toFixed(1)} GB takes`,
    },
  ];
}

// The buffer is at its bound, or all was read.
async function waitUntilStill(offloader: OffloaderProcess): Promise<void> {
  for (let before = -1, still = 0; still < 3;) {
    await sleep(1_000);
    const read = await offloader.metric("log_offloader_read_bytes_total");
    still = read === before ? still + 1 : 0;
    before = read;
    offloader.use();
  }
}

function openLog(file: string, block: Buffer) {
  const handle = openSync(file, "w");
  const hash = createHash("sha256");
  let size = 0;
  return {
    size: () => size,
    /** Goes on through the block, from its start again behind its end. */
    append(bytes: number): void {
      for (let rest = bytes; rest > 0;) {
        const at = size % block.length;
        const some = block.subarray(at, at + Math.min(rest, block.length - at));
        const written = writeSync(handle, some);
        hash.update(some.subarray(0, written));
        size += written;
        rest -= written;
      }
    },
    close() {
      closeSync(handle);
      return { bytes: size, sha256: hash.digest("hex") };
    },
  };
}

function writeOn(log: ReturnType<typeof openLog>): () => Promise<void> {
  const started = performance.now();
  let due = 0;
  const write = () => {
    const now = ((performance.now() - started) / 1000) * inputBytesASecond;
    log.append(Math.floor(now - due));
    due += Math.floor(now - due);
  };
  const timer = setInterval(write, tickMs);
  return async () => {
    clearInterval(timer);
    await sleep(tickMs);
  };
}
