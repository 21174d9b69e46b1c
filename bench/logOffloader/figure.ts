/** One figure, and whether it is good. */
export interface Figure {
  what: string;
  figure: string;
  /** What has to hold; without one the figure is reported only. */
  goal?: string;
  /** @default true */
  isMet?: boolean;
}

/** Says what is going on, beside the table of figures on standard output. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The value that this share of the values doesn't exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
