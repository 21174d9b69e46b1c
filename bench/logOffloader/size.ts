import { copyFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import type { Measured } from "../bench";
import { withBenchBed } from "./benchBed";
import { writeRayLog } from "./rayLogText";

const mb = 1e6;
const goals = { ofRaw: 0.2, ofZstd: 1.1 };

/**
 * Stored bytes against raw ones and against `zstd -3` of each raw file: of lines like Ray's, or of
 * given files.
 */
export async function measureSize(
  given: readonly string[],
  say: (text: string) => void,
): Promise<Measured> {
  const sizes = await withBenchBed(async ({ folder, logs, store, start }) => {
    const files = given.map((file) => {
      const copy = join(logs, basename(file));
      copyFileSync(file, copy);
      return copy;
    });
    if (files.length === 0) {
      files.push(join(logs, "raylet.out"));
      writeRayLog(files[0]!, 64 * mb, 20261123);
    }
    const contents = files.map((file) => readFileSync(file));
    const raw = contents.reduce((sum, { length }) => sum + length, 0);
    say(`${files.length} files, ${(raw / mb).toFixed(1)} MB, state in ${folder}`);
    const offloader = await start();
    await offloader.waitFor("log_offloader_read_bytes_total", (bytes) => bytes >= raw, 300_000);
    await offloader.end("SIGTERM");
    const lake = openObjectStore(store.options);
    let stored = 0;
    for await (const { bytes } of listObjects(lake, "raylogs/namespace=")) {
      stored += bytes;
    }
    lake.close();
    const zstd = contents.reduce((sum, content) => sum + zstdCompressSync(content).length, 0);
    return { raw, stored, zstd };
  });
  const what = given.length === 0 ? "such lines" : `${given.length} given files`;
  const { raw, stored, zstd } = sizes;
  return [
    {
      name: `size in the lake of ${what}`,
      unit: "MB",
      figures: [stored / mb],
      ratios: [stored / raw],
      ratioTo: "the raw bytes",
      goal: { atMost: goals.ofRaw },
    },
    {
      name: "  `zstd -3` of the files",
      unit: "MB",
      figures: [zstd / mb],
      ratios: [stored / zstd],
      ratioTo: "it, of the size in the lake",
      goal: { atMost: goals.ofZstd },
    },
  ];
}
