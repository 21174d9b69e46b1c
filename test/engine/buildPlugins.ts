import { join, resolve } from "node:path";
import { buildSync } from "esbuild";

/** Programs of a bed that the CLI starts, several at each of its runs. */
const sources = ["hosts/nodejs.ts", "hosts/python.ts", "standIn/provider.ts"];

/**
 * Bundles the language hosts and the stand-ins for providers into a folder: each then starts in a
 * quarter of the processor time that its sources take.
 *
 * @returns the bundle of a source, by its path from this folder
 */
export function buildPlugins(folder: string): (source: string) => string {
  buildSync({
    absWorkingDir: __dirname,
    entryPoints: sources,
    outdir: folder,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: `node${process.versions.node}`,
    logLevel: "silent",
  });
  return (source) => {
    if (!sources.includes(source)) {
      throw new Error(`${source} is none of ${sources.join(", ")}`);
    }
    return join(resolve(folder), source.replace(/\.ts$/, ".js"));
  };
}
