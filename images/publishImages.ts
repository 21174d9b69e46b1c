import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readImageDigests } from "../program/publishedImages";
import type { BuiltImage } from "./buildImages";
import { Builder } from "./builder";

/** Where images go. */
export interface PublishOptions {
  clone: string;
  /** Registry and path, e.g. `ghcr.io/acme/mlplatform`. */
  prefix: string;
  /** File of credentials, as `buildah login` writes it. @default - buildah's and Docker's own */
  authFile?: string;
  signal?: AbortSignal;
  onProgress?: (image: string, step: string) => void;
}

/**
 * Pushes built images.
 *
 * @returns the digest that the registry has of each, by name and version
 * @throws UserError where the registry refuses
 */
export async function publishImages(
  images: readonly BuiltImage[],
  { clone, prefix, authFile, signal, onProgress }: PublishOptions,
): Promise<Record<string, string>> {
  const builder = new Builder(clone);
  const scratch = mkdtempSync(join(tmpdir(), "mlplatform-push-"));
  const digests: Record<string, string> = {};
  try {
    for (const { name, tag, reference } of images) {
      onProgress?.(name, `pushing to ${prefix}`);
      const digestFile = join(scratch, name);
      await builder.run(
        [
          ...["push", "--quiet", `--digestfile=${digestFile}`],
          ...(authFile === undefined ? [] : [`--authfile=${authFile}`]),
          ...(isOnThisMachine(prefix) ? ["--tls-verify=false"] : []),
          reference,
          `docker://${prefix}/${name}:${tag}`,
        ],
        {
          signal,
          remedy: `Sign in first, with the right to push: buildah login ${prefix.split("/")[0]}`,
        },
      );
      digests[`${name}:${tag}`] = readFileSync(digestFile, "utf8").trim();
    }
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return digests;
}

/** A registry on the loopback address speaks plain HTTP, as Docker has it too. */
function isOnThisMachine(prefix: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?\//.test(prefix);
}

/** Adds digests to the file that the program reads, sorted, so that a change shows as one line. */
export function recordDigests(file: string, prefix: string, digests: Record<string, string>): void {
  const known = readImageDigests(file);
  const merged = { ...known, [prefix]: { ...known[prefix], ...digests } };
  const sorted = sortedKeys(
    Object.fromEntries(Object.entries(merged).map(([place, of]) => [place, sortedKeys(of)])),
  );
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}

function sortedKeys<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
