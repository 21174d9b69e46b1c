import {
  addLife,
  lifeDigest,
  type ManifestLives,
  noLivesDigest,
} from "@mlplatform/lake/rayLogs/rayLogManifest";
import type { FileCheckpoint } from "../state/checkpoint";

// As many lives of one name keep an entry of their own.
const keptLives = 8;

/**
 * Takes the oldest lives of each name out of `files` and into `earlier`, once they are gone from
 * the disk and whole in the lake. Returns what stays, and what was taken.
 */
export function foldLives(
  files: readonly FileCheckpoint[],
  earlier: readonly ManifestLives[],
): { files: FileCheckpoint[]; earlier: ManifestLives[]; folded: FileCheckpoint[] } {
  const counts = new Map<string, number>();
  for (const file of files) {
    counts.set(nameOf(file), (counts.get(nameOf(file)) ?? 0) + 1);
  }
  const byName = new Map(earlier.map((lives) => [`${lives.session}/${lives.file}`, { ...lives }]));
  const folded: FileCheckpoint[] = [];
  const kept = files.filter((file) => {
    const name = nameOf(file);
    const left = counts.get(name)!;
    if (!file.isRemoved || left <= keptLives) {
      return true;
    }
    counts.set(name, left - 1);
    folded.push(file);
    byName.set(name, withLife(byName.get(name), file));
    return false;
  });
  return { files: kept, earlier: [...byName.values()], folded };
}

function nameOf({ facts }: FileCheckpoint): string {
  return `${facts.session}/${facts.file}`;
}

function withLife(lives: ManifestLives | undefined, file: FileCheckpoint): ManifestLives {
  const { uid, session, file: name } = file.facts;
  const before = lives?.digest === undefined ? noLivesDigest : lives.digest;
  const digest =
    before === null || file.sha256 === null
      ? null
      : addLife(before, lifeDigest(uid, file.committed, file.sha256));
  return {
    session,
    file: name,
    lives: (lives?.lives ?? 0) + 1,
    bytes: (lives?.bytes ?? 0) + file.committed,
    digest,
  };
}
