import { z } from "zod";
import { UserError } from "../../screen/userError";
import { type PulumiCli, sizeOf } from "./pulumiCli";

/** A resource in the state, as far as it is looked at here. */
export interface StateEntry {
  urn: string;
  type: string;
  id?: string;
  protect?: boolean;
  /** True for what its replacement has taken the place of, and that is still to be deleted. */
  delete?: boolean;
  /** True for what is deleted, and whose replacement is not there yet. */
  pendingReplacement?: boolean;
}

/** An operation that a run had begun and never finished. */
export interface PendingOperation {
  type: string;
  resource: StateEntry;
}

/** A stack as `pulumi stack export` writes it and `pulumi stack import` reads it. */
export interface ExportedStack {
  deployment: { resources?: StateEntry[]; pending_operations?: PendingOperation[] };
}

/** What the state of a stack holds. */
export interface StackState {
  resources: StateEntry[];
  pending: PendingOperation[];
}

const entry = z.custom<StateEntry>(
  (each) =>
    typeof each === "object" && each !== null && "urn" in each && typeof each.urn === "string",
);
/** Keeps what it doesn't know: it is what `pulumi stack import` gets back. */
const state = z.looseObject({
  deployment: z
    .looseObject({
      resources: z
        .array(entry)
        .nullish()
        .transform((all) => all ?? undefined),
      pending_operations: z
        .array(z.looseObject({ type: z.string(), resource: entry }))
        .nullish()
        .transform((all) => all ?? undefined),
    })
    .nullish(),
});

/**
 * What `pulumi stack export` prints, as it is; with an empty deployment where none was ever made.
 *
 * @throws UserError for a stack that the backend doesn't have, and for what is no state
 */
export async function exportState(cli: PulumiCli, stack: string): Promise<ExportedStack> {
  const printed = await exportOf(cli, stack);
  const exported = parsed(printed);
  if (exported === undefined) {
    // What it printed is not repeated: states hold secrets.
    throw new UserError({
      what: `\`pulumi stack export --stack ${stack}\` must print the state as JSON`,
      seen: sizeOf(printed),
      remedy:
        "Run it by hand, and check by `command -v pulumi` that no other program answers to that " +
        "name.",
    });
  }
  return { ...exported, deployment: exported.deployment ?? {} };
}

function parsed(text: string): z.infer<typeof state> | undefined {
  try {
    return state.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Reads the state of a stack; one that was never deployed holds nothing. */
export async function readState(cli: PulumiCli, stack: string): Promise<StackState> {
  const { deployment } = await exportState(cli, stack);
  return { resources: deployment.resources ?? [], pending: deployment.pending_operations ?? [] };
}

async function exportOf(cli: PulumiCli, stack: string): Promise<string> {
  try {
    return await cli.read("stack", "export", "--stack", stack);
  } catch (error) {
    if (error instanceof UserError && error.message.includes("no stack named")) {
      throw new UserError({
        what: `the backend that the Pulumi CLI is signed in to has no stack ${stack}`,
        remedy: `\`pulumi stack init ${stack}\` makes it; or sign in to the backend that has it.`,
      });
    }
    throw error;
  }
}

/** Resources that a destroy would refuse to delete. */
export function protectedOnes({ resources }: StackState): StateEntry[] {
  return resources.filter(({ protect }) => protect);
}
