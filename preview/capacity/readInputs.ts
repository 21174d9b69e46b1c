import { chartName } from "../../program/charts";
import type { PreviewResource } from "../engine/programRun";

/** A value at a path of a resource's inputs; undefined where a step is missing. */
export function at(value: unknown, ...path: (string | number)[]): any {
  let current: any = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) {
      return undefined;
    }
    current = current[key];
  }
  return current;
}

/** A list, or none where the value is something else (absent, unknown). */
export function listOf(value: unknown): any[] {
  return Array.isArray(value) ? value : [];
}

/** A whole number from 0; undefined where the value is unknown or something else. */
export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** Last part of a type token: `StatefulSet` of `kubernetes:apps/v1:StatefulSet`. */
export function kindOf(resource: PreviewResource): string {
  return resource.type.slice(resource.type.lastIndexOf(":") + 1);
}

/** A resource as reports name it: its kind and its logical name. */
export function label(resource: PreviewResource): string {
  return `${kindOf(resource)} ${resource.name}`;
}

/** Name of the chart of a Helm release, wherever it comes from. */
export function chartOf(release: PreviewResource): string | undefined {
  const { chart, version } = release.inputs;
  return typeof chart === "string" ? chartName({ chart, version: String(version) }) : undefined;
}

/** Type token of a Helm release. */
export const releaseType = "kubernetes:helm.sh/v3:Release";
