import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { archiveName, chartFrom, type ChartSource } from "../program/charts";
import { everyChart } from "../program/versions";
import { digestOf } from "./chartArchive";
import { DownloadError, type DownloadOptions } from "./download";

/** What is known of a chart's archive. */
export enum DigestState {
  /** No digest is recorded. */
  Unverified = "unverified",
  /** A digest is recorded; the archive was not looked at. */
  Recorded = "recorded",
  /** The archive has the recorded digest. */
  Verified = "verified",
  /** The archive has another digest than the recorded one. */
  Changed = "changed",
  /** The archive cannot be had. */
  Failed = "failed",
}

/** A chart of the platform with what is known of its archive. */
export interface ChartStatus {
  chart: string;
  repository?: string;
  version: string;
  /** File name of the archive. */
  archive: string;
  /** The recorded digest. */
  digest?: string;
  state: DigestState;
  /** Digest of the archive that was looked at. */
  seen?: string;
  /** Why the archive cannot be had. */
  problem?: string;
}

const schema = z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/));

/** Recorded digests by the archives' file names. */
export type ChartDigests = z.infer<typeof schema>;

/** Reads the recorded digests. */
export function readDigests(file: string): ChartDigests {
  return schema.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** Writes the digests, sorted, so that a change shows as one line. */
function writeDigests(file: string, digests: ChartDigests): void {
  const sorted = Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

/** Records the digests of charts that have none, and returns the charts as they then stand. */
export function recordMissing(statuses: ChartStatus[], file: string): ChartStatus[] {
  const added = statuses.filter(({ digest, seen }) => digest === undefined && seen !== undefined);
  if (added.length === 0) {
    return statuses;
  }
  const digests = added.map(({ archive, seen }) => [archive, seen!]);
  writeDigests(file, { ...readDigests(file), ...Object.fromEntries(digests) });
  return statuses.map((status) =>
    added.includes(status)
      ? { ...status, digest: status.seen, state: DigestState.Verified }
      : status,
  );
}

/** Every chart, from the given source, with its recorded digest. */
export function chartStatuses(digests: ChartDigests, source: ChartSource = {}): ChartStatus[] {
  return everyChart.map((own) => {
    const archive = archiveName(own);
    const digest = digests[archive];
    const state = digest === undefined ? DigestState.Unverified : DigestState.Recorded;
    return { ...chartFrom(source, own), archive, digest, state };
  });
}

/**
 * Looks at the archive of each chart, one after the other. A chart that cannot be had is a result,
 * so that the others are looked at too.
 *
 * @param folder what paths of archives are relative to
 */
export async function verifyCharts(
  statuses: ChartStatus[],
  folder: string,
  options: DownloadOptions & { onChart?: (archive: string) => void } = {},
): Promise<ChartStatus[]> {
  const verified: ChartStatus[] = [];
  for (const status of statuses) {
    options.onChart?.(status.archive);
    verified.push(await verifyChart(status, folder, options));
  }
  return verified;
}

async function verifyChart(
  status: ChartStatus,
  folder: string,
  options: DownloadOptions,
): Promise<ChartStatus> {
  try {
    const seen = await digestOf(status, folder, options);
    if (status.digest === undefined) {
      return { ...status, seen };
    }
    const state = seen === status.digest ? DigestState.Verified : DigestState.Changed;
    return { ...status, seen, state };
  } catch (error) {
    if (!(error instanceof DownloadError)) {
      throw error;
    }
    return { ...status, state: DigestState.Failed, problem: error.message };
  }
}
