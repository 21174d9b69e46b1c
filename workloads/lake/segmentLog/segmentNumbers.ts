import { promises as fs } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "./durableFile";

/** The numbers of a log's segments, from 1. They become object keys: none is used twice. */
export interface SegmentNumbers {
  /** The next number, which the disk knows as used from here on. The same again until `take`. */
  next(): Promise<number>;
  /** The number that `next` gave has a segment. */
  take(): void;
}

const sequenceFile = "highest-sequence";

/**
 * Goes on behind the highest number that the log's directory knows of.
 *
 * @param lastSequence the highest number of a file that is still there
 * @param ahead how many numbers more are marked as used at once: a restart leaves out the rest
 */
export async function openSegmentNumbers(
  directory: string,
  lastSequence: number,
  ahead: number,
): Promise<SegmentNumbers> {
  let reserved = Math.max(lastSequence, await readHighestSequence(directory));
  let next = reserved + 1;
  return {
    async next() {
      if (next > reserved) {
        const noted = next + ahead;
        await writeFileDurably(join(directory, sequenceFile), `${noted}\n`);
        reserved = noted;
      }
      return next;
    },
    take() {
      next += 1;
    },
  };
}

async function readHighestSequence(directory: string): Promise<number> {
  const file = join(directory, sequenceFile);
  let text: string;
  try {
    text = await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return 0;
    }
    throw error;
  }
  if (!/^\d{1,12}\n$/.test(text)) {
    throw new Error(
      `${file} must hold one number, got ${JSON.stringify(text.slice(0, 40))}; without it a ` +
        "key could be used twice. Move the state directory away: a new one takes a new writer id",
    );
  }
  return Number(text);
}
