import { stripVTControlCharacters, styleText } from "node:util";

/** How text for people is laid out. */
export interface Layout {
  /** Columns; lines are cut to it. */
  width: number;
  color: boolean;
}

/** Style names that reports use. */
export type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";

/** Layout of a stream: its width and colours on a terminal, 100 plain columns elsewhere. */
export function layoutOf(
  stream: { isTTY?: boolean; columns?: number },
  env: NodeJS.ProcessEnv = process.env,
): Layout {
  const isTerminal = stream.isTTY === true;
  // Any non-empty NO_COLOR switches colours off (https://no-color.org).
  const color = isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  return { width: isTerminal && stream.columns ? Math.max(stream.columns, 40) : 100, color };
}

/** Text in a style, or as it is where the layout has no colours. */
export function styled(layout: Layout, style: Style, text: string): string {
  return layout.color ? styleText(style, text, { validateStream: false }) : text;
}

/** Columns that a text takes. */
export function columns(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Plain text cut to some columns; the cut is marked. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width
    ? text
    : `${characters.slice(0, Math.max(width - 1, 0)).join("")}…`;
}

/** Breaks plain text at spaces, so that no line is wider; words longer than a line stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const last = lines.at(-1);
    if (last === undefined || columns(last) + 1 + columns(word) > width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = `${last} ${word}`;
    }
  }
  return lines;
}

/**
 * Rows as aligned columns. Cells named in `right` are aligned right; the last column is not padded.
 */
export function alignColumns(rows: string[][], right: ReadonlySet<number> = new Set()): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, columns(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const padding = " ".repeat((widths[index] ?? 0) - columns(cell));
        return right.has(index) ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
}
