import type { Layout } from "../screen/layout";
import { table } from "../screen/table";
import { type Goal, type Measurement, type NotMeasured, isMet, median } from "./measurement";

/** Measurements as the lines of a table, the median of several runs with its range. */
export function measurementTable(
  measured: readonly (Measurement | NotMeasured)[],
  layout: Layout,
): string[] {
  const names = ["measured", "figure", "range", "ratio", "goal", "", ""];
  const columns = names.map((name, index) => ({ name, isNumber: index >= 1 && index <= 4 }));
  return table({ columns, rows: measured.map(row) }, layout);
}

function row(measured: Measurement | NotMeasured): string[] {
  if ("missing" in measured) {
    return [measured.name, "–", "", "", "", "", `not measured: ${measured.missing}`];
  }
  const { name, unit, figures, ratios, ratioTo, goal, remark = "" } = measured;
  const kept = isMet(measured);
  const ratio =
    ratios === undefined
      ? ""
      : `${number(median(ratios))}×${ratios.length > 1 ? ` (${range(ratios)})` : ""}`;
  const to = ratioTo === undefined ? "" : `ratio to ${ratioTo}`;
  return [
    name,
    `${number(median(figures))} ${unit}`.trim(),
    figures.length > 1 ? range(figures) : "",
    ratio,
    goal === undefined ? "" : goalText(goal, ratios === undefined ? ` ${unit}` : "×"),
    kept === undefined ? "" : kept ? "met" : "missed",
    [to, remark].filter((text) => text !== "").join("; "),
  ];
}

function goalText(goal: Goal, unit: string): string {
  return "atMost" in goal
    ? `≤ ${number(goal.atMost)}${unit}`.trim()
    : `≥ ${number(goal.atLeast)}${unit}`.trim();
}

function range(values: readonly number[]): string {
  return `${number(Math.min(...values))}–${number(Math.max(...values))}`;
}

/** Three significant digits, and every digit before the point. */
function number(value: number): string {
  if (Math.abs(value) >= 100) {
    return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, value >= 10_000 ? " " : "");
  }
  return String(Number(value.toPrecision(3)));
}
