import { containsSecret, unknownValue, type Wire, type WireObject } from "../values/wire";

/** Outputs of other stacks by their full name, `organization/project/stack`. */
export type StackOutputs = Record<string, Record<string, Wire>>;

/**
 * The outputs of a `StackReference`. A preview that was given none has unknown outputs, since they
 * are in the other stack's state; an update has to be given them.
 */
export function stackReferenceOutputs(
  name: string,
  known: StackOutputs,
  preview: boolean,
): WireObject {
  const outputs = known[name];
  if (outputs === undefined && preview) {
    return { name, outputs: unknownValue, secretOutputNames: [] };
  }
  if (outputs === undefined) {
    const names = Object.keys(known);
    throw new Error(
      `unknown stack '${name}'. Pass its outputs in stackOutputs; ` +
        (names.length === 0 ? "none were passed." : `passed: ${names.join(", ")}.`),
    );
  }
  return {
    name,
    outputs,
    secretOutputNames: Object.keys(outputs).filter((key) => containsSecret(outputs[key] ?? null)),
  };
}
