import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

const stampFile = ".sources.json";

/**
 * Compiles a policy pack to one CommonJS file, `bin/index.js`, where its `main` points, and only if
 * a source changed. Pulumi's own runner would type-check TypeScript on each start, which takes
 * seconds; types are checked by `npm run check` instead. What the pack shares with other parts of
 * the platform is in the file, so that a published pack needs nothing but Pulumi's SDK.
 *
 * Changes are seen by content, so a checkout that moves times back is no trap. Every file is put
 * in place by a rename and the stamp comes last: two builds at once end in the same files, and a
 * build cut short is made again.
 *
 * @returns true where something was compiled.
 * @throws Error with the position in the source where a source does not parse.
 */
export async function buildPolicyPack(packDir: string): Promise<boolean> {
  const bin = join(packDir, "bin");
  const stamp = await readIfThere(join(bin, stampFile));
  if (stamp !== undefined && stamp === (await stampOf(packDir, sourcesIn(stamp)))) {
    return false;
  }
  // Loaded only when needed: most starts find nothing to do.
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: packDir,
    entryPoints: ["index.ts"],
    outdir: bin,
    bundle: true,
    // The runner's own copy: the pack must register itself with the SDK that runs it.
    external: ["@pulumi/*"],
    format: "cjs",
    target: "node20",
    platform: "node",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  for (const { path, text } of outputFiles) {
    await replaceFile(path, text);
  }
  await removeOthers(bin, new Set(outputFiles.map(({ path }) => relative(bin, path))));
  await replaceFile(join(bin, stampFile), await stampOf(packDir, Object.keys(metafile.inputs)));
  return true;
}

/** Hashes of sources by their path from the pack's folder, in a fixed order. */
async function stampOf(packDir: string, paths: string[]): Promise<string> {
  const hashes = await Promise.all(
    paths.toSorted().map(async (path) => {
      const text = await readIfThere(join(packDir, path));
      return [path, text === undefined ? "" : createHash("sha256").update(text).digest("hex")];
    }),
  );
  return JSON.stringify(Object.fromEntries(hashes), null, 1);
}

function sourcesIn(stamp: string): string[] {
  return Object.keys(JSON.parse(stamp) as Record<string, string>);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, text);
  await rename(draft, path);
}

/** Removes what an earlier build left, so that an old policy cannot run on. */
async function removeOthers(bin: string, written: Set<string>): Promise<void> {
  const entries = await readdir(bin, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) {
      continue;
    }
    const path = join(entry.parentPath, entry.name);
    const name = relative(bin, path);
    if (name.endsWith(".js") && !written.has(name)) {
      await rm(path, { force: true });
    }
  }
}
