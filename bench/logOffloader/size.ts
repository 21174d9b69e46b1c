import { copyFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { listObjects, openObjectStore } from "@mlplatform/lake/store/objectStore";
import { type Figure, say } from "./figure";
import { withBenchBed } from "./benchBed";
import { writeRayLog } from "./rayLogText";

const mb = 1e6;
const goals = { ofRaw: 0.2, ofZstd: 1.1 };

/**
 * Stored bytes against raw ones and against `zstd -3` of each raw file: of lines like Ray's, or of
 * given files.
 */
export async function sizeFigures(given: readonly string[]): Promise<Figure[]> {
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
  const ofRaw = sizes.stored / sizes.raw;
  const ofZstd = sizes.stored / sizes.zstd;
  const what = given.length === 0 ? "such lines" : `${given.length} given files`;
  return [
    {
      what: `size in the lake of ${what}, of the raw bytes`,
      figure: `${ofRaw.toFixed(3)}×`,
      goal: `${goals.ofRaw}×`,
      isMet: ofRaw <= goals.ofRaw,
    },
    {
      what: "  of `zstd -3` of the files",
      figure: `${ofZstd.toFixed(3)}×`,
      goal: `${goals.ofZstd}×`,
      isMet: ofZstd <= goals.ofZstd,
    },
  ];
}
