import type { Mutation } from "./mutations";
import { lineageMutations } from "./mutations/lineage";
import { logOffloadingMutations } from "./mutations/logOffloading";
import { safetyMutations } from "./mutations/safety";
import { scaleToZeroMutations } from "./mutations/scaleToZero";

/** Every change that some policy refuses. */
export const mutations: Mutation[] = [
  ...scaleToZeroMutations,
  ...logOffloadingMutations,
  ...lineageMutations,
  ...safetyMutations,
];
