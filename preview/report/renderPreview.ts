import { capacitySection } from "./capacitySection";
import { priceSection } from "./priceSection";
import { counted, failures, type StackPreview } from "./stackPreview";
import { customCount, resourceTree } from "./resourceTree";
import type { ProgramRun, PolicySummary } from "../engine/programRun";
import { type Layout, styled } from "../../screen/layout";
import { table } from "../../screen/table";
import { cut, wrap } from "../../screen/text";

/** The report of a preview for people: tree, outputs, policies, capacity, price, verdict. */
export function renderPreview(preview: StackPreview, layout: Layout): string {
  const { result } = preview;
  const sections = [
    resourceTree(result, layout),
    outputsSection(result, layout),
    result.policy === undefined ? [] : policySection(result.policy, layout),
    secretSection(result, layout),
    capacitySection(preview.capacity, layout),
    priceSection(preview.price, layout),
    // Last, so that an error stands where the eye is when the command ends.
    diagnosticSection(result, layout),
    [verdictLine(preview, layout)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** One line that says how the run ended. */
function verdictLine({ result, wallMs }: StackPreview, layout: Layout): string {
  const reasons = failures(result);
  const counts = operations(result);
  const advisories = (result.policy?.reports ?? []).filter(
    ({ kind, enforcement }) => kind === "violation" && enforcement === "advisory",
  ).length;
  const parts = [
    `${counted(customCount(result.resources), "resource")}${counts === "" ? "" : ` (${counts})`}`,
    result.policy === undefined
      ? "no policies run"
      : counted(result.policy.policies.length, "policy", "policies"),
    ...(advisories > 0 ? [counted(advisories, "advisory violation")] : []),
    `${(wallMs / 1000).toFixed(1)} s`,
  ];
  const head =
    reasons.length === 0
      ? styled(layout, "green", `✔ ${result.stack}`)
      : styled(layout, "red", `✘ ${result.stack} failed: ${reasons.join(", ")}`);
  return `${head} · ${parts.join(" · ")}`;
}

function operations(result: ProgramRun): string {
  const order = ["create", "update", "delete", "same"] as const;
  const words =
    result.mode === "preview"
      ? { create: "to create", update: "to update", delete: "to delete", same: "unchanged" }
      : { create: "created", update: "updated", delete: "deleted", same: "unchanged" };
  const custom = result.resources.filter((resource) => customCount([resource]) === 1);
  return order
    .map((operation) => [custom.filter((r) => r.operation === operation).length, words[operation]])
    .filter(([count]) => count !== 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

function outputsSection(result: ProgramRun, layout: Layout): string[] {
  const entries = Object.entries(result.outputs);
  if (entries.length === 0) {
    return [];
  }
  const rows = entries.map(([name, value]) => [name, outputText(value)]);
  const columns = [{ name: "" }, { name: "" }];
  const lines = table({ columns, rows, indent: 2 }, layout);
  return [styled(layout, "bold", "Outputs"), ...lines.map((line) => cut(line, layout.width))];
}

function outputText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function policySection(policy: PolicySummary, layout: Layout): string[] {
  const of = (name: string, kind: string) =>
    policy.reports.filter((report) => report.policy === name && report.kind === kind).length;
  const rows = policy.policies.map(({ name, enforcement, evaluated }) => [
    name,
    enforcement,
    String(evaluated),
    String(of(name, "violation")),
    String(of(name, "remediation")),
    String(of(name, "undecided")),
  ]);
  const names = ["policy", "level", "resources", "violations", "remediated", "undecided"];
  const columns = names.map((name, index) => ({ name, isNumber: index >= 2 }));
  const lines = [styled(layout, "bold", `Policies of ${policy.pack}`)];
  lines.push(...table({ columns, rows, indent: 2 }, layout));
  for (const report of policy.reports) {
    const isMandatory = report.kind === "violation" && report.enforcement === "mandatory";
    const label = report.kind === "violation" ? report.enforcement : report.kind;
    const style = isMandatory ? "red" : "yellow";
    lines.push(
      "",
      `  ${styled(layout, style, label)} ` +
        `${report.policy}${report.urn === "" ? "" : ` · ${nameOf(report.urn)}`}`,
      ...indented(report.message, layout),
    );
  }
  return lines;
}

function secretSection(result: ProgramRun, layout: Layout): string[] {
  if (result.secrets.length === 0) {
    return [];
  }
  return [
    styled(layout, "bold", "Secrets in the open"),
    ...result.secrets.flatMap(({ urn, property, message }) => [
      `  ${styled(layout, "red", nameOf(urn))} ${property}`,
      ...indented(message, layout),
    ]),
  ];
}

function diagnosticSection(result: ProgramRun, layout: Layout): string[] {
  const told = result.diagnostics.filter(({ severity }) => severity !== "debug");
  if (told.length === 0) {
    return [];
  }
  return [
    styled(layout, "bold", "Messages of the program"),
    ...told.flatMap(({ severity, urn, message }) => [
      "  " +
        styled(layout, severity === "error" ? "red" : "yellow", severity) +
        (urn === "" ? "" : ` ${nameOf(urn)}`),
      // Kept as written: a message may hold code or a stack.
      ...message
        .trimEnd()
        .split("\n")
        .map((line) => `    ${line}`),
    ]),
  ];
}

function indented(message: string, layout: Layout): string[] {
  return message
    .split("\n")
    .flatMap((line) => wrap(line, layout.width - 4))
    .map((line) => `    ${line}`);
}

/** Kind and logical name of a URN. */
function nameOf(urn: string): string {
  const [, , types = "", ...name] = urn.split("::");
  return `${types.slice(types.lastIndexOf(":") + 1)} ${name.join("::")}`.trim();
}
