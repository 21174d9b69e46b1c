import { promises as fs } from "node:fs";
import { join } from "node:path";

/**
 * Some mebibytes of disk for the way out: bytes leave a full disk only through a file written to
 * it.
 */
export interface DiskReserve {
  /** Gives the space back to the disk. */
  giveUp(): Promise<void>;
  /** Takes it again, where there is room. */
  take(): Promise<void>;
}

const reserveFile = "reserve";
const reserveBytes = 24 << 20;
const blockBytes = 1 << 20;

/** Makes the reserve of a state directory; nothing is taken before `take`. */
export function makeDiskReserve(stateDirectory: string): DiskReserve {
  const file = join(stateDirectory, reserveFile);
  let isTaken = false;
  return {
    async giveUp() {
      isTaken = false;
      await fs.rm(file, { force: true });
    },
    async take() {
      if (isTaken) {
        return;
      }
      try {
        const handle = await fs.open(file, "w", 0o600);
        try {
          // Written, not truncated to: a hole has no space of its own.
          const block = Buffer.alloc(blockBytes, 1);
          for (let at = 0; at < reserveBytes; at += blockBytes) {
            await handle.write(block, 0, blockBytes, at);
          }
        } finally {
          await handle.close();
        }
        isTaken = true;
      } catch (error) {
        await fs.rm(file, { force: true });
        if (!isDiskFull(error)) {
          throw error;
        }
      }
    },
  };
}

/** Whether the disk, or this user's share of it, has no room. DuckDB says so in words only. */
export function isDiskFull(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (
    code === "ENOSPC" ||
    code === "EDQUOT" ||
    /No space left on device|quota exceeded/i.test(message)
  );
}
