import type { Capacity } from "../capacity/types";
import type { Price } from "../prices/computePrice";
import type { ProgramRun, PolicyFinding } from "../engine/programRun";

/** Everything that a preview shows. */
export interface StackPreview {
  result: ProgramRun;
  capacity: Capacity;
  price: Price;
  /** From start to end, policy build included. */
  wallMs: number;
}

/** Violations that stop an update. */
function mandatoryViolations(result: ProgramRun): PolicyFinding[] {
  return (result.policy?.reports ?? []).filter(
    ({ kind, enforcement }) => kind === "violation" && enforcement === "mandatory",
  );
}

/**
 * Why a run counts as failed; empty where it is good. A secret in the open counts: an update would
 * write it to the state or to a repository in plain text, and taking it back does not undo that.
 */
export function failures(result: ProgramRun): string[] {
  const reasons: string[] = [];
  const mandatory = mandatoryViolations(result).length;
  if (mandatory > 0) {
    reasons.push(counted(mandatory, "mandatory policy violation"));
  }
  if (result.secrets.length > 0) {
    reasons.push(counted(result.secrets.length, "secret finding"));
  }
  const errors = result.diagnostics.filter(({ severity }) => severity === "error").length;
  if (errors > 0) {
    reasons.push(counted(errors, "error of the program", "errors of the program"));
  }
  if (!result.succeeded && reasons.length === 0) {
    reasons.push("the program failed");
  }
  return reasons;
}

/** `1 resource`, `2 resources`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}
