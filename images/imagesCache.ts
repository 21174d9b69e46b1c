import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Folders and files that no image is made of, by name; `.dockerignore` says the same. */
const ignored = /^(node_modules|__pycache__|\.pytest_cache|\.venv)$|\.(tsbuildinfo|pyc)$/;

/** Folder of everything that builds of images leave, in a clone. */
export function imagesCache(clone: string): string {
  return join(clone, ".cache", "images");
}

/**
 * One hash of texts and of the files under some paths, with their names: the same exactly where an
 * image would be made of the same.
 *
 * @param root folder that the paths are relative to
 */
export function contentKey(
  root: string,
  paths: readonly string[],
  texts: readonly string[],
): string {
  const hash = createHash("sha256");
  for (const text of texts) {
    hash.update(text).update("\0");
  }
  for (const path of paths) {
    addPath(hash, root, path);
  }
  return hash.digest("hex");
}

function addPath(hash: ReturnType<typeof createHash>, root: string, path: string): void {
  const full = join(root, path);
  const { mode } = statSync(full);
  if (!statSync(full).isDirectory()) {
    const bytes = readFileSync(full);
    hash.update(`${path}\0${mode & 0o111}\0${bytes.length}\0`).update(bytes);
    return;
  }
  for (const name of readdirSync(full).sort()) {
    if (!ignored.test(name)) {
      addPath(hash, root, join(path, name));
    }
  }
}
