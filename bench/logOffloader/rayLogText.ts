import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { seededRandom } from "../../workloads/lake/testbed/seededRandom";

const secondLines = 500;
const start = Date.parse("2026-11-23T10:00:00Z");

/**
 * Lines as Ray and programs on it write them, in about the shares of a training job's log folder:
 * the core's own, Python's logging, prints without time, progress bars and now and then a
 * traceback.
 */
export function* rayLogLines(seed: number): Generator<string> {
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random() * count);
  const hex = (digits: number) => {
    let text = "";
    while (text.length < digits) {
      text += Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    }
    return text.slice(0, digits);
  };
  const workers = Array.from({ length: 16 }, () => hex(56));
  for (let line = 0; ; line++) {
    const at = new Date(start + Math.floor((line / secondLines) * 1000)).toISOString();
    const time = `${at.slice(0, 10)} ${at.slice(11, 19)},${at.slice(20, 23)}`;
    const kind = pick(100);
    if (kind < 30) {
      const source = ["node_manager.cc", "worker_pool.cc", "local_object_manager.cc"][pick(3)];
      yield (
        `[${time} I 412 ${412 + pick(4)}] (raylet) ${source}:${100 + pick(900)}: Worker ` +
        `${workers[pick(16)]} leased, ${pick(64)} task(s) queued, available CPU ${pick(8)}`
      );
    } else if (kind < 60) {
      yield (
        `${time}\tINFO train.py:${100 + pick(40)} -- epoch ${Math.floor(line / 1000)} step ` +
        `${line} ` +
        `loss ${random().toFixed(6)} accuracy ${random().toFixed(4)}`
      );
    } else if (kind < 85) {
      yield `batch ${line} of ${100_000}: loaded ${pick(4096)} rows from part-${pick(64)}.parquet`;
    } else if (kind < 95) {
      yield (
        `\rTraining: ${pick(100)}%|${"█".repeat(pick(20))}| ${line}/100000 ` +
        `[00:${10 + pick(50)}<01:12]`
      );
    } else if (kind < 99) {
      yield `${time}\tWARNING worker.py:${pick(2000)} -- Task ${hex(48)} took ${pick(9000)} ms`;
    } else {
      yield "Traceback (most recent call last):";
      yield `  File "/app/training/step.py", line ${pick(400)}, in run`;
      yield `ValueError: bad row ${pick(1e6)} in part-${pick(64)}.parquet`;
    }
  }
}

/** Writes at least `bytes` of such lines to a file. Returns what it holds. */
export function writeRayLog(
  file: string,
  bytes: number,
  seed: number,
): { bytes: number; lines: number; sha256: string } {
  const handle = openSync(file, "w");
  const hash = createHash("sha256");
  let written = 0;
  let lines = 0;
  let block: string[] = [];
  let blockBytes = 0;
  const flush = () => {
    const text = Buffer.from(block.join(""));
    hash.update(text);
    writeSync(handle, text);
    written += text.length;
    block = [];
    blockBytes = 0;
  };
  try {
    for (const line of rayLogLines(seed)) {
      block.push(`${line}\n`);
      blockBytes += line.length + 1;
      lines += 1;
      if (blockBytes >= 1 << 20) {
        flush();
        if (written >= bytes) {
          break;
        }
      }
    }
  } finally {
    closeSync(handle);
  }
  return { bytes: written, lines, sha256: hash.digest("hex") };
}
