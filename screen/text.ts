// Own code beside a library: string-width, wrap-ansi and cli-truncate would slow every preview.
import { stripVTControlCharacters } from "node:util";
import { eastAsianWidth } from "get-east-asian-width";

/** Columns that a text takes on a terminal; its colours take none. */
export function columns(text: string): number {
  return isPlain(text)
    ? text.length
    : [...stripVTControlCharacters(text)].reduce((sum, each) => sum + charColumns(each), 0);
}

/** Plain text cut to some columns; the cut is marked. */
export function cut(text: string, width: number): string {
  return columns(text) <= width ? text : `${head(text, Math.max(width - 1, 0))}…`;
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

/** Entries of a list, indented by four, each broken to the width. */
export function bullets(entries: readonly string[], width: number): string[] {
  return entries.flatMap((entry) =>
    wrap(entry, width - 6).map((line, index) => `    ${index === 0 ? "· " : "  "}${line}`),
  );
}

/**
 * Breaks plain text as {@link wrap} does, and words that are longer than a line too: names and
 * addresses behind a mark where one is in the second half of the line.
 */
export function wrapHard(text: string, width: number): string[] {
  return wrap(text, width).flatMap((line) => {
    const pieces: string[] = [];
    let rest = line;
    while (columns(rest) > width) {
      const fitting = head(rest, width) || [...rest][0]!;
      const marked = /^.*[-/_.:,]/.exec(fitting)?.[0] ?? "";
      const piece = columns(marked) * 2 > width ? marked : fitting;
      pieces.push(piece);
      rest = rest.slice(piece.length);
    }
    return rest === "" ? pieces : [...pieces, rest];
  });
}

/** Text from outside without colours and control characters: it must not drive the terminal. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, (character) =>
    character === "\t" ? " " : "·",
  );
}

/** As much of a text as fits into some columns. */
function head(text: string, width: number): string {
  let taken = "";
  let used = 0;
  for (const character of text) {
    used += charColumns(character);
    if (used > width) {
      break;
    }
    taken += character;
  }
  return taken;
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function charColumns(character: string): number {
  // Marks are drawn over the letter before; joiners and selectors of emoji aren't drawn.
  return /^[\p{M}\u200d]$/u.test(character) ? 0 : eastAsianWidth(character.codePointAt(0)!);
}
