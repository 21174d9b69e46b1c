import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartReference } from "../connections";
import { type Scope, statefulOptions } from "../scope";

/** What a chart is installed with. */
export interface ChartSettings extends Scope {
  chart: pulumi.Input<ChartReference>;
  namespace: pulumi.Input<string>;
  /** Name of the release; other objects refer to names that charts derive from it. */
  releaseName: string;
  values: Record<string, unknown>;
  /** The escape hatch: merged over `values`, key by key. */
  helmValues?: Record<string, any>;
  /** Protects the release and keeps it when its stack is destroyed. Default false. */
  protectData?: boolean;
}

/** Seconds until a release must be ready. */
const timeout = 600;

/**
 * Installs a chart as a Helm release. `Release` rather than `Chart`, because these charts carry
 * hooks (certificates, migrations) that `helm.v4.Chart` ignores.
 */
export function installChart(settings: ChartSettings): k8s.helm.v3.Release {
  const chart = pulumi.output(settings.chart);
  return new k8s.helm.v3.Release(
    settings.name,
    {
      name: settings.releaseName,
      namespace: settings.namespace,
      chart: chart.chart,
      version: chart.version,
      repositoryOpts: chart.apply(({ repository }) => (repository ? { repo: repository } : {})),
      values: mergeValues(settings.values, settings.helmValues),
      atomic: true,
      timeout,
    },
    statefulOptions(settings, settings.protectData ?? false),
  );
}

/**
 * Merges Helm values as Helm does: maps key by key, everything else replaced. Outputs are leaves,
 * so that one unknown value does not hide all the others in a preview.
 */
export function mergeValues(base: unknown, over: unknown): any {
  if (!isMap(base) || !isMap(over)) {
    return over === undefined ? base : over;
  }
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    merged[key] = mergeValues(merged[key], value);
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !pulumi.Output.isInstance(value)
  );
}
