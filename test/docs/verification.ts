import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** Folder of the records. */
const folder = resolve(__dirname, "../../docs/verified");

const text = z.string().trim().min(1);
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "must be a day such as 2026-11-27");

const figure = z
  .strictObject({
    /** What was measured, where the feature's name doesn't say it. */
    of: text.optional(),
    figure: text,
    goal: text.optional(),
    met: z.boolean().optional(),
    note: text.optional(),
  })
  .refine(({ goal, met }) => (goal === undefined) === (met === undefined), {
    message: "a goal has `met`, and only a goal",
  });

const claim = z
  .strictObject({
    /** One of the proofs in page.yaml. */
    proof: text,
    how: text.optional(),
    command: text.optional(),
    /** Folder that the command runs in, from the root. */
    folder: text.optional(),
    /** Done once, not by a test. */
    byHand: z.literal(true).optional(),
    date: day.optional(),
    figures: z.array(figure).min(1).optional(),
    /** Why this part isn't verified. */
    missing: text.optional(),
    /** The part of the feature that is missing. */
    of: text.optional(),
    note: text.optional(),
  })
  .superRefine((record, context) => {
    const refuse = (message: string) => context.addIssue({ code: "custom", message });
    const { proof, how, command, byHand, date, figures, missing, of } = record;
    if (missing !== undefined) {
      if ([how, command, byHand, date, figures].some((field) => field !== undefined)) {
        refuse("what is missing has neither how, command, date nor figures");
      }
      return;
    }
    if (of !== undefined) {
      refuse("`of` goes with `missing`; say it in `how`");
    }
    if (byHand && (how === undefined || date === undefined)) {
      refuse("what was done by hand needs `how` and `date`");
    }
    if ((proof === "measured") !== (figures !== undefined)) {
      refuse("a measurement has figures, and nothing else has");
    }
    if (figures !== undefined && (command === undefined || date === undefined)) {
      refuse("figures need `command` and `date`");
    }
  });

const area = z.strictObject({
  title: text,
  /** Markdown below the title. */
  text: text.optional(),
  features: z.array(z.strictObject({ feature: text, claims: z.array(claim).min(1) })).min(1),
  notes: z.array(z.strictObject({ title: text, text })).default([]),
});

const page = z.strictObject({
  introduction: text,
  /** Where the figures were taken. */
  measurements: text,
  proofs: z.array(z.strictObject({ proof: text, meaning: text, command: text.optional() })),
  areas: z.array(text),
});

export type Claim = z.infer<typeof claim>;
export type Figure = z.infer<typeof figure>;
export type Area = z.infer<typeof area>;

/** Everything in docs/verified. */
export interface Verification extends Omit<z.infer<typeof page>, "areas"> {
  areas: Area[];
}

/** Reads the records; throws with file and place where one is incomplete. */
export function readVerification(): Verification {
  const { areas, ...rest } = read("page", page);
  const files = readdirSync(folder).sort();
  const listed = ["page", ...areas].map((name) => `${name}.yaml`).sort();
  if (files.join() !== listed.join()) {
    throw new Error(`docs/verified has ${files.join()}, but page.yaml lists ${listed.join()}`);
  }
  return { ...rest, areas: areas.map((name) => read(name, area)) };
}

/** Says what is wrong with a record; undefined where it is complete. For tests of the rules. */
export function problemOf(record: unknown): string | undefined {
  const { error } = claim.safeParse(record);
  return error?.issues.map(({ message }) => message).join("; ");
}

function read<T>(name: string, schema: z.ZodType<T>): T {
  const file = join(folder, `${name}.yaml`);
  const { data, error } = schema.safeParse(parse(readFileSync(file, "utf8")));
  if (error) {
    throw new Error(`docs/verified/${name}.yaml: ${z.prettifyError(error)}`);
  }
  return data;
}
