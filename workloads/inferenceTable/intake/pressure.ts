import { promises as fs } from "node:fs";

/** What is kept of new bodies while the disk fills, in the order of giving up. */
export enum Rung {
  Full = "full",
  /** Bodies over 1 MiB keep their first 64 KiB. */
  Truncated = "truncated",
  /** Bodies aren't kept. */
  MetadataOnly = "metadata_only",
}

/** Bodies up to this size are whole on every rung but the last. */
export const truncateAboveBytes = 1 << 20;
/** What is kept of a truncated body. */
export const truncatedBytes = 64 << 10;

const truncateAt = 0.7;
const metadataOnlyAt = 0.85;
const freeSpaceIntervalMs = 1_000;

/** The rung for a share of the disk in use. */
export function rungAt(share: number): Rung {
  return share >= metadataOnlyAt
    ? Rung.MetadataOnly
    : share >= truncateAt
      ? Rung.Truncated
      : Rung.Full;
}

/** Watches how full the buffer is. */
export interface PressureGauge {
  /**
   * Share of the bytes that may wait, 0 to 1: of the configured bound, or of the disk if that is
   * smaller.
   */
  share(): number;
  stop(): void;
}

/** What is watched. */
export interface PressureOptions {
  directory: string;
  /** Bytes that may wait, where the disk has room for them. */
  maxBytes: number;
  /** Bytes of the disk that others need. */
  reserveBytes: number;
  usedBytes: () => number;
}

/** Watches a buffer, and the disk that it is on. */
export async function watchPressure(options: PressureOptions): Promise<PressureGauge> {
  const { directory, maxBytes, reserveBytes, usedBytes } = options;
  let freeBytes = await readFreeBytes(directory);
  let usedThen = usedBytes();
  const timer = setInterval(() => {
    readFreeBytes(directory).then(
      (bytes) => {
        freeBytes = bytes;
        usedThen = usedBytes();
      },
      // the next second asks again; until then the last figure stands
      () => undefined,
    );
  }, freeSpaceIntervalMs);
  timer.unref();
  return {
    share() {
      const used = usedBytes();
      // What was added since the last look is gone from the free space too.
      const room = Math.max(0, freeBytes - (used - usedThen) - reserveBytes);
      return used / Math.min(maxBytes, Math.max(1, used + room));
    },
    stop: () => clearInterval(timer),
  };
}

async function readFreeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await fs.statfs(directory);
  return bavail * bsize;
}
