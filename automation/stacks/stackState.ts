import { UserError } from "../../screen/userError";
import type { PulumiCli } from "./pulumiCli";

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

/** What the state of a stack holds. */
export interface StackState {
  resources: StateEntry[];
  pending: PendingOperation[];
}

/**
 * Reads the state of a stack; one that was never deployed holds nothing.
 *
 * @throws UserError for a stack that the backend doesn't have
 */
export async function readState(cli: PulumiCli, stack: string): Promise<StackState> {
  const exported = JSON.parse(await exportOf(cli, stack)) as {
    deployment?: { resources?: StateEntry[]; pending_operations?: PendingOperation[] } | null;
  };
  return {
    resources: exported.deployment?.resources ?? [],
    pending: exported.deployment?.pending_operations ?? [],
  };
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
