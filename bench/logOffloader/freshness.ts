import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openLake } from "@mlplatform/lake/ask/lake";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { openObjectStore } from "@mlplatform/lake/store/objectStore";
import type { Measured } from "../bench";
import { quantile } from "../measurement";
import { withBenchBed, testOrigin } from "./benchBed";
import { rayLogLines } from "./rayLogText";

const fileCount = 20;
const bytesASecond = 1e6;
const tickMs = 100;
const markText = "written-at";
const timeoutMs = 60_000;
const goals = { p99Seconds: 15 };

/**
 * Lines are written to twenty files and asked for by SQL, again and again. What is measured of a
 * marked line: from its write until the answer that has it is there, the question's own time
 * included.
 */
export function measureFreshness(seconds: number, say: (text: string) => void): Promise<Measured> {
  return withBenchBed(async ({ folder, logs, store, start }) => {
    const objects = openObjectStore(store.options);
    const offloader = await start();
    const files = Array.from({ length: fileCount }, (_, file) =>
      openSync(join(logs, `job-driver-raysubmit_${file}.log`), "w"),
    );
    const lake = openLake({
      store: objects,
      cache: await openObjectCache({ store: objects, directory: join(folder, "cache") }),
    });
    const written = new Map<number, number>();
    const ages: number[] = [];
    const questions: number[] = [];
    let mark = 0;
    const text = rayLogLines(20261127);
    const bytesATick = (bytesASecond * tickMs) / 1000 / fileCount;
    const startedAt = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - startedAt > seconds * 1000) {
        clearInterval(timer);
        return;
      }
      for (const file of files) {
        let block = "";
        while (block.length < bytesATick) {
          block += `${text.next().value as string}\n`;
        }
        written.set(++mark, performance.now());
        writeSync(file, `${block}${markText} ${mark}\n`);
      }
    }, tickMs);
    let seen = 0;
    try {
      while (performance.now() - startedAt < seconds * 1000 || written.size > 0) {
        const asked = performance.now();
        const { rows } = await lake.query(
          `SELECT DISTINCT substr(text, ${markText.length + 2})::INT AS mark FROM raylogs
           WHERE starts_with(text, '${markText} ')`,
          { namespace: testOrigin.namespace, cluster: testOrigin.cluster },
        );
        const now = performance.now();
        questions.push((now - asked) / 1000);
        for (const row of rows) {
          const number = Number(row["mark"]);
          const at = written.get(number);
          if (at !== undefined) {
            ages.push((now - at) / 1000);
            written.delete(number);
          }
        }
        seen = Math.max(seen, rows.length);
        if (now - startedAt > seconds * 1000 + timeoutMs) {
          throw new Error(`${written.size} of ${mark} lines aren't to be seen`);
        }
        await sleep(tickMs);
      }
    } finally {
      clearInterval(timer);
      files.forEach(closeSync);
      objects.close();
    }
    say(`${seen} marked lines were found by ${questions.length} questions`);
    await offloader.end("SIGTERM");
    const name = `a line written until SQL sees it, 1 MB/s in ${fileCount} files`;
    const goal = { atMost: goals.p99Seconds };
    return [
      { name: `${name}, p50 of ${ages.length}`, unit: "s", figures: [quantile(ages, 0.5)] },
      { name: "  p99", unit: "s", figures: [quantile(ages, 0.99)], goal },
      { name: "  at most", unit: "s", figures: [Math.max(...ages)] },
      { name: "  a question, p50", unit: "s", figures: [quantile(questions, 0.5)] },
    ];
  });
}
