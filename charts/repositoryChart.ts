import { parse } from "yaml";
import type { ChartReference } from "../components/connections";
import { ask, bodyOf, type ChartArchive, DownloadError, type DownloadOptions } from "./download";

/** What an index says about one version of a chart. */
interface IndexEntry {
  version: string;
  urls?: string[];
  digest?: string;
}

/**
 * Fetches a chart from a classic repository
 * (https://helm.sh/docs/topics/chart_repository#the-index-file).
 */
export async function fetchRepositoryChart(
  { chart, repository, version }: ChartReference,
  options: DownloadOptions,
): Promise<ChartArchive> {
  const base = `${repository!.replace(/\/+$/, "")}/`;
  const { host } = new URL(base);
  const index = await bodyOf(await ask(`${base}index.yaml`, {}, options), "the index");
  const entries = entriesOf(index.toString("utf8"), chart);
  if (entries === undefined) {
    throw new DownloadError(`the index of ${base} has no chart ${chart}`);
  }
  const entry = entries.find((candidate) => candidate.version === version);
  if (entry === undefined) {
    throw new DownloadError(`the index of ${base} has no ${chart} ${version}`);
  }
  const url = entry.urls?.[0];
  if (url === undefined) {
    throw new DownloadError(`the index of ${base} has no address of ${chart} ${version}`);
  }
  const archive = await ask(new URL(url, base).href, {}, options);
  const bytes = await bodyOf(archive, "the archive");
  const promised = entry.digest && `sha256:${entry.digest.replace(/^sha256:/, "")}`;
  if (!promised) {
    throw new DownloadError(`${host} gives no digest of ${chart} ${version}`);
  }
  return { promised, bytes };
}

/**
 * The versions of one chart. Indexes have tens of megabytes, so only this chart's part is parsed:
 * Helm writes the charts two columns in.
 */
function entriesOf(index: string, chart: string): IndexEntry[] | undefined {
  const start = index.indexOf(`\n  ${chart}:\n`);
  if (start < 0) {
    return parse(index)?.entries?.[chart];
  }
  const rest = index.slice(start + 1);
  const end = rest.search(/\n {0,2}[^\s-]/);
  return parse(end < 0 ? rest : rest.slice(0, end + 1))[chart];
}
