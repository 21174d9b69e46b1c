/** A bound that a figure has to keep. */
export type Goal = { atMost: number } | { atLeast: number };

/** One thing measured. */
export interface Measurement {
  name: string;
  /** Unit of the figures, e.g. s, ms, MiB, MB/s; empty for a count. */
  unit: string;
  /** A figure a run. */
  figures: readonly number[];
  /** How the figures compare with a peer's, or with another time: a factor a run. */
  ratios?: readonly number[];
  /** What is on the other side of the ratios. */
  ratioTo?: string;
  /** What the median has to hold: of the ratios where there are some, otherwise of the figures. */
  goal?: Goal;
  /** What else a reader has to know. */
  remark?: string;
}

/** What could not be measured here, and what that needs. */
export interface NotMeasured {
  name: string;
  missing: string;
}

/** True where the goal is kept; undefined where there is none. */
export function isMet({ figures, ratios, goal }: Measurement): boolean | undefined {
  if (goal === undefined) {
    return undefined;
  }
  const value = median(ratios ?? figures);
  return "atMost" in goal ? value <= goal.atMost : value >= goal.atLeast;
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that this share of the values doesn't exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
