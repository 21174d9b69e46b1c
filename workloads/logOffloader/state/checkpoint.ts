import { promises as fs } from "node:fs";
import { join } from "node:path";
import { jsonPieces } from "@mlplatform/lake/rayLogs/jsonPieces";
import type { ManifestLives } from "@mlplatform/lake/rayLogs/rayLogManifest";
import type { RayLogOrigin } from "@mlplatform/lake/rayLogs/rayLogPart";
import { writeFileDurably } from "@mlplatform/lake/segmentLog/durableFile";
import type { FileFacts } from "./fileFacts";

/** A file's place in the lake. */
export interface FileCheckpoint {
  facts: FileFacts;
  /** Bytes [0, committed) are in the lake. */
  committed: number;
  /** Line number of the byte at `committed`. */
  line: number;
  /** Of bytes [0, committed): what a restart compares the file with; null where it isn't known. */
  readSha256: string | null;
  /** Of all its bytes, once the file was gone; null before, and where it couldn't be computed. */
  sha256: string | null;
  isRemoved: boolean;
}

/** What is in the lake, moved only after an object is there. */
export interface Checkpoint {
  version: 1;
  origin: RayLogOrigin;
  openedAt: string;
  files: FileCheckpoint[];
  /** Lives that need no entry of their own any more. */
  earlierLives: ManifestLives[];
  /** Set where the state before this one was lost: see `fileUid`. */
  uidSalt?: string;
}

const checkpointFile = "checkpoint.json";

/** A checkpoint, or why there is none. */
export interface ReadCheckpoint {
  checkpoint: Checkpoint | undefined;
  /** Where a damaged one was moved; undefined where none was. */
  damaged: string | undefined;
}

/**
 * Reads the checkpoint of a state directory; none on the first start. A damaged one is moved aside:
 * a sidecar that refuses to start would lose what Ray writes meanwhile, and reading everything once
 * more loses nothing.
 *
 * @throws Error when it belongs to another node: its positions would skip or repeat bytes.
 */
export async function readCheckpoint(
  stateDirectory: string,
  origin: RayLogOrigin,
): Promise<ReadCheckpoint> {
  const file = join(stateDirectory, checkpointFile);
  let text: string;
  try {
    text = await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return { checkpoint: undefined, damaged: undefined };
    }
    throw error;
  }
  const checkpoint = parseCheckpoint(text);
  if (checkpoint === undefined) {
    const damaged = `${file}.damaged-${Date.now()}`;
    await fs.rename(file, damaged);
    return { checkpoint: undefined, damaged };
  }
  const other = (["namespace", "cluster", "node"] as const).filter(
    (name) => checkpoint.origin[name] !== origin[name],
  );
  if (other.length > 0) {
    throw new Error(
      `${file} belongs to another ${other.join(" and ")}: ` +
        `${other.map((name) => checkpoint.origin[name]).join("/")}, not ` +
        `${other.map((name) => origin[name]).join("/")}; give each node its own state directory`,
    );
  }
  return { checkpoint, damaged: undefined };
}

/** Replaces the checkpoint; durable when it resolves. */
export async function writeCheckpoint(
  stateDirectory: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const { files, ...rest } = checkpoint;
  await writeFileDurably(join(stateDirectory, checkpointFile), jsonPieces(rest, "files", files));
}

function parseCheckpoint(text: string): Checkpoint | undefined {
  try {
    const value = JSON.parse(text) as Checkpoint;
    const isWhole = value.version === 1 && Array.isArray(value.files);
    return isWhole ? { ...value, earlierLives: value.earlierLives ?? [] } : undefined;
  } catch {
    // cut short or garbage: the caller says so
    return undefined;
  }
}
