import type { Problem } from "../../screen/userError";
import { type StackState, protectedOnes } from "./stackState";

/** How many resources a refusal names one by one. */
const mostShown = 12;

/**
 * Why a stack with operations that were never finished is not touched: an update would make what
 * was being made once more, under another name where the provider draws it.
 */
export function pendingProblems(stack: string, { pending }: StackState): Problem[] {
  if (pending.length === 0) {
    return [];
  }
  const lines = listed(pending.map(({ type, resource }) => `${type} ${resource.urn}`));
  return [
    {
      what:
        `a run on ${stack} was cut off, or still goes on: ` +
        `${count(pending.length, "operation")} never finished, ` +
        `and what was being made may be there\n${lines}`,
      remedy:
        "Wait for a run that goes on. After one that was cut off look at each in Azure, GitHub " +
        "or the cluster, then say what you saw: " +
        `\`mlp refresh --stack ${stack} --take-over '<urn>=<id>'\` of what was made, ` +
        "`--forget '<urn>'` of what was not.",
    },
  ];
}

/** Why a stack that holds protected data isn't destroyed as a whole, and what can be done. */
export function protectionProblems(stack: string, state: StackState): Problem[] {
  const kept = protectedOnes(state);
  if (kept.length === 0) {
    return [];
  }
  return [
    {
      what:
        `${stack} holds protected data: \`pulumi destroy\` would delete what it can and then ` +
        `stop at ${count(kept.length, "resource")}\n${listed(kept.map(({ urn }) => urn))}`,
      remedy:
        `To keep the data and delete the rest: \`mlp destroy --stack ${stack} --keep-data\`. To ` +
        "delete the data too: set `mlplatform:protectData: false` (where a policy refuses that, " +
        `exempt the stack in policy/${stack}.json), then run ` +
        `\`mlp up --stack ${stack}\` and this command again; what the program no longer holds is ` +
        `released by \`pulumi state unprotect '<urn>' --stack ${stack}\`.`,
    },
  ];
}

const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? "" : "s"}`;

function listed(lines: string[]): string {
  const shown = lines.slice(0, mostShown).map((line) => `  ${line}`);
  const more = lines.length - mostShown;
  return [...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join("\n");
}
