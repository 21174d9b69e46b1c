import { promises as fs } from "node:fs";
import { join } from "node:path";
import { syncDirectory } from "./durableFile";
import {
  scanSegment,
  type SealedSegment,
  SegmentFormatError,
  type SegmentScan,
} from "./segmentFile";

/** What opening found: how many bytes of unfinished and of damaged frames lay in old segments. */
export interface SegmentLogRecovery {
  segments: number;
  records: number;
  tornBytes: number;
  damagedBytes: number;
}

/** What recovery gives to go on with. */
export interface RecoveredSegments {
  sealed: SealedSegment[];
  recovery: SegmentLogRecovery;
  /** The highest number among the files; 0 where there are none. */
  lastSequence: number;
}

/** The file name of a segment. */
export function segmentName(sequence: number): string {
  return `segment-${String(sequence).padStart(12, "0")}.log`;
}

/**
 * Reads every segment of a log and mends what a crash left: what follows the last whole record is
 * cut off, and a file without a record is removed.
 *
 * @throws Error where a segment has another version's format: no byte of it is touched.
 */
export async function recoverSegments(directory: string): Promise<RecoveredSegments> {
  const sealed: SealedSegment[] = [];
  const recovery: SegmentLogRecovery = { segments: 0, records: 0, tornBytes: 0, damagedBytes: 0 };
  let lastSequence = 0;
  for (const name of (await fs.readdir(directory)).sort()) {
    const match = /^segment-(\d{12})\.log$/.exec(name);
    if (match === null) {
      continue;
    }
    const sequence = Number(match[1]);
    const file = join(directory, name);
    lastSequence = Math.max(lastSequence, sequence);
    const scan = await scanned(file);
    recovery.tornBytes += scan.tornBytes;
    recovery.damagedBytes += scan.damagedBytes;
    await repairSegment(directory, file, scan);
    if (scan.records > 0) {
      recovery.segments += 1;
      recovery.records += scan.records;
      sealed.push({ sequence, file, bytes: scan.validBytes, records: scan.records });
    }
  }
  return { sealed, recovery, lastSequence };
}

async function scanned(file: string): Promise<SegmentScan> {
  try {
    return await scanSegment(file);
  } catch (error) {
    if (!(error instanceof SegmentFormatError)) {
      throw error;
    }
    throw new Error(
      `${file} can't be read: ${error.message}; start the version that wrote it once more, which ` +
        "brings its records to the lake, or move the state directory away",
      { cause: error },
    );
  }
}

// A torn tail was never acknowledged: it goes. Damage between records is kept in a copy beside the
// log, because it held acknowledged bytes and a person may want to look at them.
async function repairSegment(directory: string, file: string, scan: SegmentScan): Promise<void> {
  if (scan.damagedBytes > 0) {
    await fs.copyFile(file, `${file}.damaged`);
  }
  if (scan.records === 0) {
    await fs.rm(file);
    await syncDirectory(directory);
  } else if (scan.tornBytes > 0) {
    const handle = await fs.open(file, "r+");
    try {
      await handle.truncate(scan.validBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
