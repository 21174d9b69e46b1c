import { projectSecrets } from "@mlplatform/contracts/platformNames";
import type { LakeAccessArgs } from "./args";

/** Arguments of a LakeAccess with their defaults. */
export type LakeAccessSettings = ReturnType<typeof normalizeLakeAccess>;

/** Puts in the defaults of what is left out. */
export function normalizeLakeAccess(args: LakeAccessArgs) {
  return { ...args, secretName: args.secretName ?? projectSecrets.lake };
}
