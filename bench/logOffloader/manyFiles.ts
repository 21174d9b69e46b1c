import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Measured } from "../bench";
import { withBenchBed } from "./benchBed";

const fileCount = 10_000;
const rounds = 20;
const settleMs = 45_000;
const restMs = 20_000;
const goals = { idleShare: 0.03, newFileSeconds: 2, peakMiB: 256 };

/**
 * Ten thousand files at rest, then new ones among them: how soon they are read, and what rest
 * costs.
 */
export function measureManyFiles(say: (text: string) => void): Promise<Measured> {
  return withBenchBed(async ({ logs, start }) => {
    for (let file = 0; file < fileCount; file++) {
      writeFileSync(join(logs, `worker-${file}.out`), `first line of ${file}\n`);
    }
    const offloader = await start();
    await offloader.waitFor("log_offloader_files", (files) => files >= fileCount, 120_000);
    say(`${fileCount} files were read; at rest for ${(settleMs + restMs) / 1000} s`);
    await sleep(settleMs);
    const before = offloader.use().cpuSeconds;
    await sleep(restMs);
    const share = (offloader.use().cpuSeconds - before) / (restMs / 1000);
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const read = await offloader.metric("log_offloader_read_bytes_total");
      const started = performance.now();
      writeFileSync(join(logs, `new-${round}.out`), "a line\n");
      await offloader.waitFor("log_offloader_read_bytes_total", (now) => now > read, 30_000);
      seconds.push((performance.now() - started) / 1000);
    }
    const { peakMiB } = offloader.use();
    await offloader.end("SIGTERM");
    const slowest = Math.max(...seconds);
    return [
      {
        name: `${fileCount} files at rest`,
        unit: "% of a core",
        figures: [share * 100],
        goal: { atMost: goals.idleShare * 100 },
      },
      {
        name: `  a new file among them until it is read, slowest of ${rounds}`,
        unit: "s",
        figures: [slowest],
        goal: { atMost: goals.newFileSeconds },
      },
      {
        name: "  memory at most",
        unit: "MiB",
        figures: [peakMiB],
        goal: { atMost: goals.peakMiB },
      },
    ];
  });
}
