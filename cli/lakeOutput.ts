import { isUtf8 } from "node:buffer";
import type { AnswerCell, LakeAnswer } from "@mlplatform/lake/ask/lake";
import type { LakeSelection } from "@mlplatform/lake/tables/lakeSelection";
import { type Command, InvalidArgumentError } from "commander";
import { layoutOf } from "../screen/layout";
import { table } from "../screen/table";
import { cut, printable } from "../screen/text";
import type { CliContext } from "./context";

/** Flags that narrow a question to partitions. */
export interface SelectionFlags {
  namespace?: string;
  cluster?: string;
  since?: Date;
  until?: Date;
}

/** Adds the flags that choose partitions. */
export function addSelectionOptions(command: Command): Command {
  return command
    .option("-n, --namespace <name>", "only this project's part of the lake")
    .option(
      "--since <time>",
      "only from this time on: 2026-11-23, an RFC 3339 time, or 2h, 7d",
      timeOf,
    )
    .option("--until <time>", "only up to this time", timeOf);
}

/** The selection that the flags mean. */
export function selectionOf(flags: SelectionFlags): LakeSelection {
  const { namespace, cluster, since, until } = flags;
  return { namespace, cluster, since, until };
}

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a point in time, or a time ago. */
function timeOf(text: string): Date {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  const time = ago === null ? Date.parse(text) : Date.now() - Number(ago[1]) * unitMs[ago[2]!]!;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      "Give a day (2026-11-23), an RFC 3339 time, or an age (30m, 2h, 7d).",
    );
  }
  return new Date(time);
}

/** Writes an answer: JSON, one object a line, or columns for a person. */
export function writeAnswer(answer: LakeAnswer, isJson: boolean, context: CliContext): void {
  if (isJson) {
    for (const row of answer.rows) {
      context.stdout.write(`${JSON.stringify(jsonRow(row))}\n`);
    }
    return;
  }
  const lines = table(answerTable(answer), layoutOf(context.stdout));
  context.stdout.write(`${lines.join("\n")}\n`);
  const count = answer.rows.length;
  context.stderr.write(`${count} ${count === 1 ? "row" : "rows"}\n`);
}

/** A row that JSON can hold: large integers and bytes that aren't text become strings. */
export function jsonRow(row: Record<string, AnswerCell>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, jsonCell(cell)]));
}

function jsonCell(cell: AnswerCell): unknown {
  if (typeof cell === "bigint") {
    return Number.isSafeInteger(Number(cell)) ? Number(cell) : String(cell);
  }
  if (Buffer.isBuffer(cell)) {
    return isUtf8(cell) ? cell.toString("utf8") : `base64:${cell.toString("base64")}`;
  }
  if (cell instanceof Date) {
    return cell.toISOString();
  }
  if (Array.isArray(cell)) {
    return cell.map(jsonCell);
  }
  return typeof cell === "object" && cell !== null
    ? jsonRow(cell as Record<string, AnswerCell>)
    : cell;
}

const maxCellColumns = 80;

function answerTable({ columns, rows }: LakeAnswer) {
  return {
    columns: columns.map((name) => ({ name: cut(printable(name), maxCellColumns) })),
    rows: rows.map((row) => columns.map((column) => cellText(row[column]))),
  };
}

function cellText(cell: AnswerCell): string {
  const value = jsonCell(cell);
  const text =
    value === null || value === undefined
      ? ""
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  return cut(printable(text), maxCellColumns);
}
