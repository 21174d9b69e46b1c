import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { ChartReference } from "../components/connections";
import { type ChartArchive, DownloadError, type DownloadOptions } from "./download";
import { fetchOciChart } from "./ociChart";
import { fetchRepositoryChart } from "./repositoryChart";

/**
 * Digest of a chart's archive, taken from its bytes: the same in every registry, repository and
 * folder.
 *
 * @param folder what the path of an archive is relative to
 * @throws DownloadError where it cannot be had, or is not what its place says
 */
export async function digestOf(
  reference: ChartReference,
  folder: string,
  options: DownloadOptions = {},
): Promise<string> {
  const { bytes, promised } = await archiveOf(reference, folder, options);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (promised !== undefined && promised !== digest) {
    throw new DownloadError(`the archive is ${digest}, its place says ${promised}`);
  }
  return digest;
}

async function archiveOf(
  reference: ChartReference,
  folder: string,
  options: DownloadOptions,
): Promise<ChartArchive> {
  if (reference.chart.startsWith("oci://")) {
    return fetchOciChart(reference, options);
  }
  if (reference.repository !== undefined) {
    return fetchRepositoryChart(reference, options);
  }
  const path = resolve(folder, reference.chart);
  try {
    return { bytes: await readFile(path) };
  } catch (error) {
    throw new DownloadError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
