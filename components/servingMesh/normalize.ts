import { normalizeOidc } from "../access/normalize";
import type { Choices } from "../argumentProblems";
import type { ServingMeshArgs } from "./args";

/** What can be chosen about serving: its arguments without lake, images and charts. */
export type ServingMeshChoices = Choices<
  ServingMeshArgs,
  "charts" | "knativeVersion" | "modelServerImage" | "lake"
>;

/** Arguments of a ServingMesh with their defaults. */
export type ServingMeshSettings = ReturnType<typeof normalizeServingMesh<ServingMeshArgs>>;

/** Puts in the defaults of what is left out. */
export function normalizeServingMesh<Args extends ServingMeshChoices>(args: Args) {
  return {
    ...args,
    replicas: args.replicas ?? 1,
    internalLoadBalancer: args.internalLoadBalancer ?? true,
    allowedIpRanges: args.allowedIpRanges ?? [],
    oidc: args.oidc && normalizeOidc(args.oidc),
    skipLoadBalancer: args.skipLoadBalancer ?? false,
    acme: args.acme && {
      ...args.acme,
      server: args.acme.server ?? "https://acme-v02.api.letsencrypt.org/directory",
    },
  };
}
