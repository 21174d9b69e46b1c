import { type AksPlatformArgs, AksTier, KubeLogin, type NodePoolArgs, RegistrySku } from "./args";

/** Arguments of an AksPlatform with their defaults. */
export type AksPlatformSettings = ReturnType<typeof normalizeAksPlatform>;

/** Puts in the defaults of what is left out. */
export function normalizeAksPlatform(args: AksPlatformArgs) {
  const logRetentionDays = args.logRetentionDays ?? 30;
  return {
    ...args,
    tier: args.tier ?? AksTier.Standard,
    authorizedIpRanges: args.authorizedIpRanges ?? [],
    privateCluster: args.privateCluster ?? false,
    userGroupObjectIds: args.userGroupObjectIds ?? [],
    systemPool: normalizePool(args.systemPool),
    cpuPool: args.cpuPool && normalizePool(args.cpuPool),
    gpuPool: args.gpuPool && normalizePool(args.gpuPool),
    spotPool: args.spotPool && normalizePool(args.spotPool),
    registrySku: args.registrySku ?? RegistrySku.Standard,
    zoneRedundantRegistry: args.zoneRedundantRegistry ?? false,
    projectRegistries: args.projectRegistries ?? [],
    logRetentionDays,
    auditArchiveDays: args.auditArchiveDays ?? Math.max(365, logRetentionDays),
    kubeLogin: args.kubeLogin ?? KubeLogin.AzureCli,
    protectData: args.protectData ?? true,
  };
}

/** A pool with its defaults. */
export type NodePoolSettings = ReturnType<typeof normalizePool>;

function normalizePool(pool: NodePoolArgs) {
  return { ...pool, osDiskGiB: pool.osDiskGiB ?? 128 };
}
