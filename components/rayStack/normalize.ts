import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import type { Choices } from "../argumentProblems";
import type { RayStackArgs } from "./args";

/** What can be chosen about Ray: its arguments without the charts. */
export type RayStackChoices = Choices<RayStackArgs, "charts">;

/** Arguments of a RayStack with their defaults. */
export type RayStackSettings = ReturnType<typeof normalizeRayStack<RayStackArgs>>;

/** Puts in the defaults of what is left out. */
export function normalizeRayStack<Args extends RayStackChoices>(args: Args) {
  return {
    ...args,
    gpuQuota: args.gpuQuota ?? 0,
    spot: args.spot ?? false,
    pooledNodes: args.pooledNodes ?? true,
    replicas: args.replicas ?? 1,
    monitoringNamespace: args.monitoringNamespace ?? platformNamespaces.observability,
  };
}
