import type { Choices } from "../argumentProblems";
import type { ObservabilityStackArgs } from "./args";

/** What can be chosen about observability: its arguments without lake, images and charts. */
export type ObservabilityStackChoices = Choices<
  ObservabilityStackArgs,
  "charts" | "lake" | "inferenceTableImage" | "logKeeperImage"
>;

/** Arguments of an ObservabilityStack with their defaults. */
export type ObservabilityStackSettings = ReturnType<
  typeof normalizeObservabilityStack<ObservabilityStackArgs>
>;

/** Puts in the defaults of what is left out. */
export function normalizeObservabilityStack<Args extends ObservabilityStackChoices>(args: Args) {
  return {
    ...args,
    metricsRetentionDays: args.metricsRetentionDays ?? 15,
    metricsStorageGiB: args.metricsStorageGiB ?? 50,
    logRetentionDays: args.logRetentionDays ?? 30,
    inferenceReplicas: args.inferenceReplicas ?? 2,
    inferenceBufferGiB: args.inferenceBufferGiB ?? 10,
    inferenceRedaction: args.inferenceRedaction ?? [],
    inferenceRetentionByNamespace: args.inferenceRetentionByNamespace ?? {},
    replicas: args.replicas ?? 1,
    protectData: args.protectData ?? true,
  };
}
