import type { Measurement, NotMeasured } from "./measurement";

/** What a bench measures, or why it can't here. */
export type Measured = readonly (Measurement | NotMeasured)[];

/** One part of a bench, which can be run alone. */
export interface BenchPart<Options> {
  /** What it measures, as the usage says it. */
  about: string;
  /** Measures it; `say` tells what is going on. */
  measure(options: Options, say: (text: string) => void): Promise<Measured>;
}

/** Measurements with one command, `npm run bench:<name>`. */
export interface Bench<Options extends Record<string, number | string | string[]>> {
  /** Options beside `--assert`; the type of the default is the option's. Numbers are whole. */
  options: { [Name in keyof Options]: { about: string; default: Options[Name] } };
  /** Makes what all parts need. */
  prepare?(): Promise<void>;
  parts: Record<string, BenchPart<Options>>;
}
