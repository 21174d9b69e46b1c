import { promises as fs } from "node:fs";
import { join } from "node:path";

// What a process of its own is given by `--require`, so that the system around it is a bad one.

/** A clock that is one hour behind from SIGUSR2 on, as after a correction of the node's time. */
export const clockSetBack = `
const RealDate = Date;
let stepMs = 0;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length === 0 ? [RealDate.now() + stepMs] : given));
  }
  static now() {
    return RealDate.now() + stepMs;
  }
};
process.on("SIGUSR2", () => (stepMs = -3_600_000));
`;

/**
 * A disk that answers EIO to reads of the files named sick.* as long as there is the file \`flag\`.
 */
export const sickDisk = (flag: string): string => `
const fs = require("node:fs");
const { open } = fs.promises;
fs.promises.open = async (file, ...more) => {
  const handle = await open(file, ...more);
  if (/\\/sick\\.\\w+$/.test(String(file))) {
    const read = handle.read.bind(handle);
    handle.read = (...given) =>
      fs.existsSync(${JSON.stringify(flag)})
        ? Promise.reject(Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" }))
        : read(...given);
  }
  return handle;
};
`;

/** Writes a preload and gives the environment that makes Node take it. */
export async function preload(folder: string, script: string): Promise<NodeJS.ProcessEnv> {
  const file = join(folder, "preload.cjs");
  await fs.writeFile(file, script);
  return { NODE_OPTIONS: `--require ${file}` };
}
