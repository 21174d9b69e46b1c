import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Figure, say } from "./figure";
import { inPlace } from "./benchBed";

const FILES = 10_000;
const ROUNDS = 20;
const SETTLE_MS = 45_000;
const REST_MS = 20_000;
const goals = { idleShare: 0.03, newFileSeconds: 2, peakMiB: 256 };

/** Ten thousand files at rest, then new ones among them: how soon they are read, and what rest costs. */
export function manyFilesFigures(): Promise<Figure[]> {
  return inPlace(async ({ logs, start }) => {
    for (let file = 0; file < FILES; file++) {
      writeFileSync(join(logs, `worker-${file}.out`), `first line of ${file}\n`);
    }
    const offloader = await start();
    await offloader.waitFor("log_offloader_files", (files) => files >= FILES, 120_000);
    say(`${FILES} files were read; at rest for ${(SETTLE_MS + REST_MS) / 1000} s`);
    await sleep(SETTLE_MS);
    const before = offloader.use().cpuSeconds;
    await sleep(REST_MS);
    const share = (offloader.use().cpuSeconds - before) / (REST_MS / 1000);
    const seconds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
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
        what: `${FILES} files at rest, share of a core`,
        figure: `${(share * 100).toFixed(1)} %`,
        goal: `${goals.idleShare * 100} %`,
        isMet: share <= goals.idleShare,
      },
      {
        what: `  a new file among them until it is read, slowest of ${ROUNDS}`,
        figure: `${slowest.toFixed(2)} s`,
        goal: `${goals.newFileSeconds} s`,
        isMet: slowest <= goals.newFileSeconds,
      },
      {
        what: "  memory at most",
        figure: `${peakMiB.toFixed(0)} MiB`,
        goal: `${goals.peakMiB} MiB`,
        isMet: peakMiB <= goals.peakMiB,
      },
    ];
  });
}
