import type { PulumiCli } from "./pulumiCli";

/** A resource in the state, as far as it is looked at here. */
export interface StateEntry {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  protect?: boolean;
  retainOnDelete?: boolean;
  /** True for what its replacement has taken the place of, and that is still to be deleted. */
  delete?: boolean;
  /** True for what is deleted, and whose replacement is not there yet. */
  pendingReplacement?: boolean;
  parent?: string;
  provider?: string;
  dependencies?: string[];
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

/** Reads the state of a stack; one that was never deployed holds nothing. */
export async function readState(cli: PulumiCli, stack: string): Promise<StackState> {
  const exported = JSON.parse(await cli.read("stack", "export", "--stack", stack)) as {
    deployment?: { resources?: StateEntry[]; pending_operations?: PendingOperation[] } | null;
  };
  return {
    resources: exported.deployment?.resources ?? [],
    pending: exported.deployment?.pending_operations ?? [],
  };
}

/** Resources that a destroy would refuse to delete. */
export function protectedOnes({ resources }: StackState): StateEntry[] {
  return resources.filter(({ protect }) => protect);
}
