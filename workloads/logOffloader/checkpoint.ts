import { promises as fs } from "node:fs";
import * as path from "node:path";
import { writeFileDurably } from "@mlplatform/lake";
import type { LogOrigin } from "./config";
import type { FileFacts } from "./logChunk";

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
  origin: LogOrigin;
  openedAt: string;
  files: FileCheckpoint[];
}

const CHECKPOINT_FILE = "checkpoint.json";

/**
 * Reads the checkpoint of a state directory; undefined on the first start.
 *
 * @throws Error when it is damaged, or belongs to another node: its positions would skip or repeat bytes.
 */
export async function readCheckpoint(
  stateDirectory: string,
  origin: LogOrigin,
): Promise<Checkpoint | undefined> {
  const file = path.join(stateDirectory, CHECKPOINT_FILE);
  let text: string;
  try {
    text = await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  const checkpoint = parseCheckpoint(text);
  if (checkpoint === undefined) {
    throw new Error(
      `${file} is no checkpoint of version 1 (${text.length} bytes); move the state directory away: ` +
        `files are then read again from their first byte, under a new writer id`,
    );
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
  return checkpoint;
}

/** Replaces the checkpoint; durable when it resolves. */
export async function writeCheckpoint(
  stateDirectory: string,
  checkpoint: Checkpoint,
): Promise<void> {
  await writeFileDurably(path.join(stateDirectory, CHECKPOINT_FILE), JSON.stringify(checkpoint));
}

function parseCheckpoint(text: string): Checkpoint | undefined {
  try {
    const value = JSON.parse(text) as Checkpoint;
    return value.version === 1 && Array.isArray(value.files) ? value : undefined;
  } catch {
    // garbage reads as "no checkpoint of version 1", which the caller refuses with its remedy
    return undefined;
  }
}
