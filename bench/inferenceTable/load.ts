import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { LoadResult } from "./loadGenerator";

const root = resolve(__dirname, "../..");
const run = promisify(execFile);

/** Runs the generator of load against a server. */
export async function load(url: string, ...args: string[]): Promise<LoadResult> {
  const generator = join(root, "bench/inferenceTable/loadGenerator.ts");
  const command = ["--import", "tsx", generator, "--url", url, ...args];
  const { stdout } = await run(process.execPath, command, { cwd: root });
  return JSON.parse(stdout) as LoadResult;
}
