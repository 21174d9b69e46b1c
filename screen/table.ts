// Own code: cli-table3 and columnify pad cells, but neither fits columns to a terminal's width.
import { type Layout, styled } from "./layout";
import { columns, wrapHard } from "./text";

/** A column of a table. */
export interface Column {
  /** Its header; a table whose columns are all called "" has no header line. */
  name: string;
  /** True for numbers, which are compared by their last digit. */
  isNumber?: boolean;
}

/** Rows under named columns; a cell per column. */
export interface Table {
  columns: readonly Column[];
  rows: readonly (readonly string[])[];
  /** Spaces before each line. @default 0 */
  indent?: number;
}

const gap = 2;
/** Columns of a terminal below which a cell is no longer readable. */
const leastColumns = 8;

/**
 * Lines of a table: a dim header, left-aligned text, right-aligned numbers. On a terminal that is
 * too narrow the widest columns are broken; where even that doesn't help, lines stay too wide.
 */
export function table({ columns: shown, rows, indent = 0 }: Table, layout: Layout): string[] {
  const names = shown.map(({ name }) => name);
  const all = names.some((name) => name !== "") ? [names, ...rows] : rows;
  const natural = shown.map((_, index) => Math.max(0, ...all.map((row) => columns(row[index]!))));
  const widths = layout.isTerminal ? fitted(natural, layout.width - indent) : natural;
  const lines = all.map((row) => {
    const cells = row.map((cell, index) =>
      columns(cell) <= widths[index]! ? [cell] : wrapHard(cell, widths[index]!),
    );
    const height = Math.max(1, ...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, line) =>
      `${" ".repeat(indent)}${cells
        .map((cell, index) => padded(cell[line] ?? "", widths[index]!, shown[index]!))
        .join(" ".repeat(gap))}`.trimEnd(),
    );
  });
  const headerHeight = all === rows ? 0 : lines[0]!.length;
  return lines
    .flat()
    .map((line, index) => (index < headerHeight ? styled(layout, "dim", line) : line));
}

function padded(cell: string, width: number, { isNumber = false }: Column): string {
  const padding = " ".repeat(Math.max(0, width - columns(cell)));
  return isNumber ? padding + cell : cell + padding;
}

/** Widths whose sum fits, taken from the widest columns; the natural ones where none do. */
function fitted(natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, each) => sum + each, gap * (widths.length - 1)) - width;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= leastColumns) {
      return [...natural];
    }
    widths[widest]! -= 1;
    excess -= 1;
  }
  return widths;
}
