/** Types that carry node pools of AKS. */
export const nodePoolTypes = {
  agentPool: "azure-native:containerservice:AgentPool",
  managedCluster: "azure-native:containerservice:ManagedCluster",
} as const;

/** What policies read of a pool, whether it is a resource or written inside its cluster. */
export interface NodePoolProperties {
  name?: string;
  mode?: string;
  vmSize?: string;
  scaleSetPriority?: string;
  enableAutoScaling?: boolean;
  minCount?: number;
  nodeTaints?: string[];
}

/**
 * User pools of a resource by name. System pools cannot be empty
 * (https://learn.microsoft.com/azure/aks/use-system-pools), and pools that node auto-provisioning
 * makes start from zero by themselves, so neither is among them.
 */
export function userPools(
  type: string,
  name: string,
  props: Record<string, any>,
): { name: string; pool: NodePoolProperties }[] {
  const pools: { name: string; pool: NodePoolProperties }[] =
    type === nodePoolTypes.agentPool
      ? [{ name, pool: props }]
      : Array.from({ length: props.agentPoolProfiles?.length ?? 0 }, (_, index) => {
          const pool = props.agentPoolProfiles[index] as NodePoolProperties;
          return { name: pool.name ?? name, pool };
        });
  return pools.filter(({ pool }) => (pool.mode ?? "User") === "User");
}

/** What a pool's nodes are, where pods that do not ask for it have to stay away. */
export function specialty({ vmSize, scaleSetPriority }: NodePoolProperties): string | undefined {
  // Every N series has GPUs (https://learn.microsoft.com/azure/virtual-machines/sizes/overview).
  if (/^Standard_N[CDGV]/i.test(vmSize ?? "")) {
    return "GPU";
  }
  return scaleSetPriority === "Spot" ? "spot" : undefined;
}

/** Whether a taint such as `sku=gpu:NoSchedule` keeps pods away that do not tolerate it. */
export function repels(taint: string): boolean {
  return /:(NoSchedule|NoExecute)$/.test(taint);
}
