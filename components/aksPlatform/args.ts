/** How much of the cluster's control plane Azure guarantees. */
export enum AksTier {
  /** No uptime guarantee and no cost analysis: for development. */
  Free = "Free",
  /** Uptime guarantee for the API server. */
  Standard = "Standard",
  /** As Standard, with two years of support for each Kubernetes version. */
  Premium = "Premium",
}

/** Size of the container registry. */
export enum RegistrySku {
  Basic = "Basic",
  Standard = "Standard",
  /** Needed for zone redundancy and private endpoints. */
  Premium = "Premium",
}

/** How kubelogin gets its token when a program uses the kubeconfig. */
export enum KubeLogin {
  /** The signed-in Azure CLI: a workstation, or a GitHub workflow after `azure/login`. */
  AzureCli = "azurecli",
  /** A federated token named by `AZURE_FEDERATED_TOKEN_FILE`: Pulumi Deployments, or a pod. */
  WorkloadIdentity = "workloadidentity",
  /** The identity of the virtual machine that runs the program. */
  ManagedIdentity = "msi",
}

/** A pool of equal nodes that the cluster autoscaler resizes. */
export interface NodePoolArgs {
  /** Size of the nodes, as Azure spells it: one of `vmSizes.ts`. Changing it replaces the pool. */
  vmSize: string;
  /** Fewest nodes: at least 1 in the system pool, exactly 0 in every other. */
  minCount: number;
  /** Most nodes, at most 1000. */
  maxCount: number;
  /**
   * Availability zones, e.g. `["1", "2", "3"]`. Changing them replaces the pool.
   * @default - Azure chooses
   */
  zones?: string[];
  /**
   * Size of the operating system disk in GiB, 30 to 2048. It holds images and `emptyDir` volumes.
   * Where it fits on the local disk it is put there: faster, without extra cost.
   * @default 128
   */
  osDiskGiB?: number;
}

/** Address ranges, IPv4 in CIDR notation. None can change later without replacing the cluster. */
export interface AksNetworkArgs {
  /** Address space of the virtual network. The three subnets lie in it. */
  vnetCidr: string;
  /** Subnet of the nodes; one address a node. Pods have addresses of their own. */
  nodeSubnetCidr: string;
  /** Subnet delegated to PostgreSQL Flexible Server; /28 or larger. */
  databaseSubnetCidr: string;
  /** Subnet of private endpoints; /28 or larger. */
  endpointSubnetCidr: string;
  /** Addresses of pods, outside the virtual network; a /24 a node. */
  podCidr: string;
  /** Addresses of Services, outside the virtual network; /13 to /24. */
  serviceCidr: string;
  /** Address of the cluster's DNS Service: in `serviceCidr`, not its first. */
  dnsServiceIp: string;
}

/** Monthly budget over the platform's resource group and the group of its nodes. */
export interface AksBudgetArgs {
  /** Amount in the billing currency of the subscription. It warns; it stops nothing. */
  monthlyAmount: number;
  /** Who is warned at 80 % and 100 % spent, and at 100 % forecast. 1 to 50 addresses. */
  contactEmails: string[];
  /**
   * First day of a month, e.g. `2026-12-01`. Azure takes no start before the month in which the
   * budget is made, and never moves it afterwards.
   * @default - first of the month in which the budget is made
   */
  startDate?: string;
}

/** Arguments of `AksPlatform`. */
export interface AksPlatformArgs {
  /** Azure region, e.g. `westeurope`. */
  location: string;
  /**
   * Minor version, e.g. `1.35`; Azure picks and later raises the patch. Upgrades skip no minor
   * version. Raising it upgrades the control plane, then the user pools; the system pool, which
   * Azure takes inline at creation only, follows by `az aks nodepool upgrade`.
   */
  kubernetesVersion: string;
  /**
   * Guarantee and support of the control plane.
   * @default AksTier.Standard
   */
  tier?: AksTier;
  /** Address plan. */
  network: AksNetworkArgs;
  /** Public IPv4 ranges that reach the API server. Required unless `privateCluster`. */
  authorizedIpRanges?: string[];
  /**
   * Gives the API server a private address only; programs must then run inside the network.
   * Changing it replaces the cluster.
   * @default false
   */
  privateCluster?: boolean;
  /** Microsoft Entra groups whose members administer the cluster; the deployer is in one. */
  adminGroupObjectIds: string[];
  /**
   * Microsoft Entra groups whose members may fetch a kubeconfig; what they may do with it is
   * Kubernetes RBAC. One list for the cluster, because Azure refuses to give a group the same right
   * twice, and groups may share in several projects.
   * @default - nobody but administrators and identities
   */
  userGroupObjectIds?: string[];
  /** Pool of the cluster's own pods: ≥ 4 vCPU, no burstable size. Fixed after creation. */
  systemPool: NodePoolArgs;
  /**
   * Pool for pods without tolerations.
   * @default - none: such pods stay pending
   */
  cpuPool?: NodePoolArgs;
  /**
   * Pool of GPU nodes.
   * @default - none
   */
  gpuPool?: NodePoolArgs;
  /**
   * Pool of spot nodes, which Azure takes back at will.
   * @default - none
   */
  spotPool?: NodePoolArgs;
  /**
   * Size of the container registry.
   * @default RegistrySku.Standard
   */
  registrySku?: RegistrySku;
  /**
   * Spreads the registry over zones; needs `RegistrySku.Premium`. Changing it replaces the
   * registry.
   * @default false
   */
  zoneRedundantRegistry?: boolean;
  /**
   * Projects that get a registry of their own, in the smallest size, because what may push to a
   * registry may overwrite everything in it. The nodes pull from each.
   * @default - none
   */
  projectRegistries?: string[];
  /**
   * Days that control-plane logs stay searchable, 30 to 730. Each GiB-day is billed.
   * @default 30
   */
  logRetentionDays?: number;
  /**
   * Days that audit logs stay in the archive, 30 to 3650; at least `logRetentionDays`.
   * @default - 365, or `logRetentionDays` where that is more
   */
  auditArchiveDays?: number;
  /** Budget and whom it warns. */
  budget: AksBudgetArgs;
  /**
   * Login of the kubeconfig. `AAD_LOGIN_METHOD` in the environment overrides it.
   * @default KubeLogin.AzureCli
   */
  kubeLogin?: KubeLogin;
  /** Tags of everything that takes tags. */
  tags: Record<string, string>;
  /**
   * Protects the resource group, cluster, registry, archive and log workspace from deletion.
   * With `false`, a destroy deletes images and audit logs for good.
   * @default true
   */
  protectData?: boolean;
}
