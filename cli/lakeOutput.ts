import { isUtf8 } from "node:buffer";
import type { AnswerCell, LakeAnswer } from "@mlplatform/lake/ask/lake";
import type { LakeSelection } from "@mlplatform/lake/tables/lakeSelection";
import { type Command, InvalidArgumentError } from "commander";
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
export function timeOf(text: string): Date {
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
  context.stdout.write(formatTable(answer));
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

const maxCellCharacters = 80;

function formatTable({ columns, rows }: LakeAnswer): string {
  const lines = rows.map((row) => columns.map((column) => cellText(row[column])));
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...lines.map((line) => line[index]!.length)),
  );
  const format = (line: string[]) =>
    `${line
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join("  ")
      .trimEnd()}\n`;
  return [columns, ...lines].map(format).join("");
}

function cellText(cell: AnswerCell): string {
  const value = jsonCell(cell);
  const text =
    value === null || value === undefined
      ? ""
      : typeof value === "string"
        ? value
        : JSON.stringify(value);
  const plain = printable(text);
  return plain.length > maxCellCharacters ? `${plain.slice(0, maxCellCharacters - 1)}…` : plain;
}

/** Text from outside without control characters: a log line must not drive the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === "\t" ? " " : "·"));
}
