import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type ArgumentProblem,
  choiceProblems,
  problem,
  type TextFormat,
  textProblems,
} from "../components/argumentProblems";
import type { ChartReference } from "../components/connections";

/** Where a stack's charts come from. */
export enum ChartOrigin {
  /** Each from its project's own registry or repository. */
  Upstream = "upstream",
  /** All from one registry or repository, under their own names and versions. */
  Mirror = "mirror",
  /** Archives in a folder, as `helm pull` writes them. */
  Directory = "directory",
}

/** Where a stack's charts come from, with what that place needs. */
export interface ChartSource {
  /** @default ChartOrigin.Upstream */
  source?: ChartOrigin;
  /**
   * Base address of a mirror: `oci://…` for a registry, `https://…` for a repository with an
   * `index.yaml`.
   */
  url?: string;
  /** Folder of the archives, from the folder of `Pulumi.yaml`. */
  path?: string;
}

/** What is wrong with a source, by its own keys; empty where nothing is. */
export function chartSourceProblems(from: ChartSource): ArgumentProblem[] {
  const { source = ChartOrigin.Upstream } = from;
  const needs = { [ChartOrigin.Mirror]: "url", [ChartOrigin.Directory]: "path" } as const;
  return [
    ...choiceProblems("source", source, ChartOrigin),
    ...textProblems("url", from.url, mirrorAddress),
    ...Object.entries(needs).flatMap(([origin, key]) => {
      if (source === origin && !from[key]) {
        const rule = `must be set with charts.source ${origin}`;
        return [problem(key, rule, from[key], `Say where the ${origin} is.`)];
      }
      if (source === origin || from[key] === undefined) {
        return [];
      }
      const remedy = `Set charts.source: ${origin}, or remove this.`;
      return [problem(key, `must be absent with charts.source ${source}`, from[key], remedy)];
    }),
  ];
}

const mirrorAddress: TextFormat = {
  pattern: /^(oci|https?):\/\/[^\s/@]+(\/[^\s?#]*)?$/,
  rule: "must be the address of a registry or a chart repository, without a user",
  remedy: "Write e.g. oci://registry.example.com/charts or https://charts.example.com.",
};

/** Name of a chart without its place and version, wherever the reference says it is. */
export function chartName({ chart, version }: ChartReference): string {
  const name = chart.slice(chart.lastIndexOf("/") + 1);
  const ending = `-${version}.tgz`;
  return name.endsWith(ending) ? name.slice(0, -ending.length) : name;
}

/** File name of a chart's archive, as `helm pull` and `helm package` write it. */
export function archiveName(reference: ChartReference): string {
  return `${chartName(reference)}-${reference.version}.tgz`;
}

/** The same chart at the same version, from the stack's source. */
export function chartFrom(from: ChartSource, reference: ChartReference): ChartReference {
  const { version } = reference;
  if (from.source === ChartOrigin.Directory) {
    return { chart: `${trimmed(from.path!)}/${archiveName(reference)}`, version };
  }
  if (from.source === ChartOrigin.Mirror) {
    const url = trimmed(from.url!);
    const name = chartName(reference);
    return url.startsWith("oci://")
      ? { chart: `${url}/${name}`, version }
      : { chart: name, repository: url, version };
  }
  return reference;
}

/** Charts by name or by component and name, each from the stack's source. */
export function chartsFrom<T extends object>(from: ChartSource, charts: T): T {
  return Object.fromEntries(
    Object.entries(charts).map(([name, entry]) => [
      name,
      "chart" in entry ? chartFrom(from, entry) : chartsFrom(from, entry),
    ]),
  ) as T;
}

/** File names of the charts that a stack takes from a folder and that are not in it. */
export function missingArchives(from: ChartSource, references: ChartReference[]): string[] {
  if (from.source !== ChartOrigin.Directory) {
    return [];
  }
  return references.map(archiveName).filter((name) => !existsSync(join(from.path!, name)));
}

function trimmed(address: string): string {
  return address.replace(/\/+$/, "");
}
