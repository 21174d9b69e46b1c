import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Sources of the pack, from its folder: what becomes JavaScript. */
const sourceRoots = ["rules"];
const stampFile = ".sources.json";

/**
 * Compiles a policy pack to CommonJS in `bin/`, where its `main` points, and only if a source
 * changed. Pulumi's own runner would type-check TypeScript on each start, which takes seconds;
 * types are checked by `npm run check` instead.
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
  const sources = await readSources(packDir);
  const stamp = JSON.stringify(
    Object.fromEntries(
      [...sources].map(([path, text]) => [path, createHash("sha256").update(text).digest("hex")]),
    ),
    null,
    1,
  );
  if ((await readIfThere(join(bin, stampFile))) === stamp) {
    return false;
  }
  // Loaded only when needed: most starts find nothing to do.
  const { transform } = await import("esbuild");
  const written = new Set([stampFile]);
  for (const [path, text] of sources) {
    const output = path.replace(/\.ts$/, ".js");
    const { code } = await transform(text, {
      loader: "ts",
      format: "cjs",
      target: "node20",
      platform: "node",
      sourcefile: join(packDir, path),
      logLevel: "silent",
    });
    await replaceFile(join(bin, output), code);
    written.add(output);
  }
  await removeOthers(bin, written);
  await replaceFile(join(bin, stampFile), stamp);
  return true;
}

/** Source path from the pack's folder to text, in a fixed order. */
async function readSources(packDir: string): Promise<Map<string, string>> {
  const paths = (await readdir(packDir)).filter((name) => name.endsWith(".ts"));
  for (const folder of sourceRoots) {
    const entries = await readdir(join(packDir, folder), { recursive: true });
    paths.push(...entries.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name)));
  }
  paths.sort();
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path, await readFile(join(packDir, path), "utf8")] as const),
    ),
  );
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

/** Removes the output of sources that are gone, so that an old policy cannot run on. */
async function removeOthers(bin: string, written: Set<string>): Promise<void> {
  const entries = await readdir(bin, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) {
      continue;
    }
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(bin.length + 1);
    if (name.endsWith(".js") && !written.has(name)) {
      await rm(path, { force: true });
    }
  }
}
