import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { clone } from "./monitoringTools";

const stack = join(clone, "components", "observabilityStack");
/** Folder of the PrometheusRules, each a file of rules as Prometheus reads it. */
export const alertsFolder = join(stack, "alerts");
/** Folder of `promtool test rules` files, each named like its file of rules. */
export const alertTestsFolder = join(clone, "test", "monitoring", "alerts");
const dashboardsFolder = join(stack, "dashboards");

/** An alert as it stands in its file. */
export interface Alert {
  file: string;
  alert: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** A series that Prometheus computes, as it stands in its file. */
export interface RecordedSeries {
  file: string;
  record: string;
  expr: string;
}

/** A query of a panel. */
export interface Target {
  refId: string;
  expr: string;
}

/** A panel of a dashboard. */
export interface Panel {
  id: number;
  title: string;
  type: string;
  datasource?: { type: string; uid: string };
  targets: Target[];
  gridPos: { x: number; y: number; w: number; h: number };
}

/** A variable that a reader of the dashboard sets. */
export interface Variable {
  name: string;
  datasource?: { type: string; uid: string };
  query?: { query: string };
  allValue?: string;
}

/** A dashboard as Grafana reads it. */
export interface Dashboard {
  file: string;
  uid: string;
  title: string;
  templating: { list: Variable[] };
  panels: Panel[];
}

/** File names in a folder with an ending, in a stable order. */
export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .sort();
}

/** Every rule that the stack brings: alerts, and series that alerts and panels share. */
export function readRules(): (Alert | RecordedSeries)[] {
  return filesIn(alertsFolder, ".yaml").flatMap((file) => {
    const { groups } = parse(readFileSync(join(alertsFolder, file), "utf8")) as {
      groups: { rules: (Alert | RecordedSeries)[] }[];
    };
    return groups.flatMap(({ rules }) => rules.map((rule) => ({ ...rule, file })));
  });
}

/** Every alert that the stack brings. */
export function readAlerts(): Alert[] {
  return readRules().filter((rule): rule is Alert => "alert" in rule);
}

/** Every dashboard that the stack brings. */
export function readDashboards(): Dashboard[] {
  return filesIn(dashboardsFolder, ".json").map((file) => ({
    ...(JSON.parse(readFileSync(join(dashboardsFolder, file), "utf8")) as Dashboard),
    file,
  }));
}

/** Grafana's own variables; it fills them in by the width of the picture. */
const grafanaVariables: Record<string, string> = {
  __rate_interval: "5m",
  __interval: "30s",
  __range: "6h",
};

/**
 * A query with its variables filled in as for "All".
 *
 * @throws Error where a variable is not declared in the dashboard
 */
export function fillVariables(expr: string, dashboard: Dashboard): string {
  return expr.replace(/\$(?:\{(\w+)[^}]*\}|(\w+))/g, (written, braced, plain) => {
    const name = (braced ?? plain) as string;
    const variable = dashboard.templating.list.find((each) => each.name === name);
    const value = variable?.allValue ?? grafanaVariables[name];
    if (value === undefined) {
      throw new Error(`${dashboard.file}: ${written} is no variable with an \`allValue\``);
    }
    return value;
  });
}
