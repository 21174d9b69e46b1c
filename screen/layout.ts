import { styleText } from "node:util";
import type { OutputStream } from "./outputStream";

/** How text for people is laid out. */
export interface Layout {
  /** Columns; lines of a report are cut or broken to it. */
  width: number;
  color: boolean;
  /**
   * True on a terminal, where a table is broken to the width. In a pipe or a file a row stays one
   * line, so that it can be searched.
   */
  isTerminal: boolean;
}

/** Style names that reports use. */
export type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";

/** Layout of a stream: its width and colours on a terminal, 100 plain columns elsewhere. */
export function layoutOf(
  stream: Pick<OutputStream, "isTTY" | "columns">,
  env: NodeJS.ProcessEnv = process.env,
): Layout {
  const isTerminal = stream.isTTY === true;
  // Any non-empty NO_COLOR switches colours off (https://no-color.org).
  const color = isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  const width = isTerminal && stream.columns ? Math.max(stream.columns, 40) : 100;
  return { width, color, isTerminal };
}

/** Text in a style, or as it is where the layout has no colours. */
export function styled(layout: Layout, style: Style, text: string): string {
  return layout.color ? styleText(style, text, { validateStream: false }) : text;
}
