import { randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { writeFileDurably } from "./durableFile";

const writerFile = "writer-id";

/**
 * The random id of this state directory's writer, made on first use. It is part of every object
 * key, so that a service that lost its disk starts a new series instead of writing over
 * acknowledged data.
 *
 * @example const writer = await writerIdentity("/var/lib/inference-table"); // "9f2c4e1ab07d5533"
 */
export async function writerIdentity(stateDirectory: string): Promise<string> {
  await fs.mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  const file = join(stateDirectory, writerFile);
  let text: string;
  try {
    text = await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw error;
    }
    const writer = randomBytes(8).toString("hex");
    await writeFileDurably(file, `${writer}\n`);
    return writer;
  }
  if (!/^[0-9a-f]{16}\n$/.test(text)) {
    throw new Error(
      `${file} must hold 16 hexadecimal digits, got ${JSON.stringify(text.slice(0, 40))}; ` +
        `move the state directory away and start again: a new id is made`,
    );
  }
  return text.trim();
}
