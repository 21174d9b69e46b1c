import { z } from "zod";
import { vmSizes } from "../../../components/aksPlatform/vmSizes";
import {
  guid,
  ipv4Range,
  location,
  placed,
  rangesOverlap,
  resourceGroupName,
  resourceId,
  tags,
  zones,
} from "./shapes";

// Managed clusters and their pools at API version 2025-09-01. Sources: the aka.ms/aks pages named
// beside each rule; where none is named, the enum or the description of the field in the API.

const enabled = z.strictObject({ enabled: z.boolean() });
/** The API takes these booleans as text. */
const textBoolean = z.enum(["true", "false"]);
const percentOrCount = z.string().regex(/^(\d{1,2}%|100%|\d{1,4})$/);
const taint = z
  .string()
  .regex(/^([a-z0-9.-]+\/)?[\w.-]{1,63}=[\w.-]{0,63}:(NoSchedule|PreferNoSchedule|NoExecute)$/i);
const label = z.record(
  z.string().regex(/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/),
  z.string().regex(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/),
);
const spotKey = "kubernetes.azure.com/scalesetpriority";

const poolFields = {
  availabilityZones: zones.optional(),
  count: z.int().min(0).max(1000),
  enableAutoScaling: z.literal(true),
  gpuProfile: z.strictObject({ driver: z.enum(["Install", "None"]) }).optional(),
  maxCount: z.int().min(1).max(1000),
  // 250 with overlay networking (azure-cni-overlay).
  maxPods: z.int().min(30).max(250),
  minCount: z.int().min(0).max(1000),
  mode: z.enum(["System", "User"]),
  nodeLabels: label,
  nodeTaints: z.array(taint),
  osDiskSizeGB: z.int().min(30).max(2048),
  osDiskType: z.enum(["Ephemeral", "Managed"]),
  osSKU: z.enum(["Ubuntu", "Ubuntu2204", "AzureLinux", "AzureLinux3"]),
  osType: z.literal("Linux"),
  scaleDownMode: z.enum(["Delete", "Deallocate"]).optional(),
  scaleSetEvictionPolicy: z.enum(["Delete", "Deallocate"]).optional(),
  scaleSetPriority: z.enum(["Regular", "Spot"]).optional(),
  spotMaxPrice: z.number().optional(),
  tags,
  type: z.literal("VirtualMachineScaleSets"),
  upgradeSettings: z
    .strictObject({ maxSurge: percentOrCount, maxUnavailable: percentOrCount.optional() })
    .optional(),
  vmSize: z.enum(Object.keys(vmSizes)),
  vnetSubnetID: resourceId("network"),
};

type Pool = z.infer<z.ZodObject<typeof poolFields>>;

/** Combinations that AKS refuses although each field is fine. */
const poolRules: [path: string, rule: string, isBroken: (pool: Pool) => boolean][] = [
  ["maxCount", "is below minCount", (pool) => pool.maxCount < pool.minCount],
  [
    "count",
    "lies outside minCount and maxCount",
    ({ count, minCount, maxCount }) => count < minCount || count > maxCount,
  ],
  // use-system-pools: a system pool has at least one node, 4 vCPU each.
  ["minCount", "is 0 in a system pool", ({ mode, minCount }) => mode === "System" && minCount < 1],
  [
    "vmSize",
    "is too small or burstable for a system pool",
    ({ mode, vmSize }) =>
      mode === "System" && (vmSizes[vmSize]!.vCpus < 4 || vmSize.startsWith("Standard_B")),
  ],
  // spot-node-pool: only user pools, both label and taint are required, no surge.
  ["mode", "is no user pool but spot", (pool) => isSpot(pool) && pool.mode !== "User"],
  [
    "nodeTaints",
    "lacks the taint of spot nodes, or has it without being spot",
    (pool) => pool.nodeTaints.includes(`${spotKey}=spot:NoSchedule`) !== isSpot(pool),
  ],
  [
    "nodeLabels",
    "lacks the label of spot nodes, or has it without being spot",
    (pool) => (pool.nodeLabels[spotKey] === "spot") !== isSpot(pool),
  ],
  ["upgradeSettings", "is set on spot nodes", (pool) => isSpot(pool) && !!pool.upgradeSettings],
  [
    "scaleSetEvictionPolicy",
    "comes with spot nodes and only with them",
    (pool) => (pool.scaleSetEvictionPolicy !== undefined) !== isSpot(pool),
  ],
  [
    "spotMaxPrice",
    "must be -1 or above 0 on spot nodes, absent on others",
    (pool) =>
      isSpot(pool)
        ? !(pool.spotMaxPrice === -1 || (pool.spotMaxPrice ?? 0) > 0)
        : pool.spotMaxPrice !== undefined,
  ],
  // concepts-storage: the disk must fit on the local disk of a size that supports it.
  [
    "osDiskType",
    "is ephemeral on a size whose local disk does not hold it",
    ({ osDiskType, osDiskSizeGB, vmSize }) =>
      osDiskType === "Ephemeral" &&
      !(
        vmSizes[vmSize]!.ephemeralOsDisk && (vmSizes[vmSize]!.temporaryDiskGiB ?? 0) >= osDiskSizeGB
      ),
  ],
  [
    "gpuProfile",
    "comes with GPU sizes and only with them",
    ({ gpuProfile, vmSize }) => (gpuProfile !== undefined) !== vmSizes[vmSize]!.gpus > 0,
  ],
  // upgrade-aks-node-pools: one of both is above 0; a system pool takes no maxUnavailable.
  [
    "upgradeSettings",
    "can neither add nor take away a node",
    ({ upgradeSettings: settings }) =>
      settings !== undefined &&
      parseInt(settings.maxSurge) === 0 &&
      parseInt(settings.maxUnavailable ?? "0") === 0,
  ],
  [
    "upgradeSettings",
    "takes system nodes away before others are there",
    ({ mode, upgradeSettings }) =>
      mode === "System" && parseInt(upgradeSettings?.maxUnavailable ?? "0") > 0,
  ],
];

const isSpot = ({ scaleSetPriority }: Pool) => scaleSetPriority === "Spot";

function refinePool(pool: Pool, context: z.RefinementCtx): void {
  for (const [path, message, isBroken] of poolRules) {
    if (isBroken(pool)) {
      context.addIssue({ code: "custom", path: [path], message });
    }
  }
}

const poolName = z.string().regex(/^[a-z][a-z0-9]{0,11}$/);
const minorVersion = z.string().regex(/^1\.(34|35|36)$/, "is no minor version that AKS supports");

/** A pool beside the system pool. */
export const agentPool = z
  .strictObject({
    ...poolFields,
    agentPoolName: poolName,
    orchestratorVersion: minorVersion,
    resourceGroupName,
    resourceName: z.string(),
  })
  .superRefine(refinePool);

const privateAccess = z.strictObject({
  enablePrivateCluster: z.literal(true),
  enablePrivateClusterPublicFQDN: z.literal(false),
  privateDNSZone: z.union([z.enum(["system", "none"]), resourceId("network")]),
  disableRunCommand: z.literal(true),
});
const publicAccess = z.strictObject({
  authorizedIPRanges: z.array(ipv4Range(1, 32)).min(1).max(200),
});

/** The cluster with its inline system pool. */
export const managedCluster = z
  .strictObject({
    location,
    resourceGroupName,
    tags,
    aadProfile: z.strictObject({
      adminGroupObjectIDs: z.array(guid).min(1).max(20),
      enableAzureRBAC: z.literal(true),
      managed: z.literal(true),
      tenantID: guid,
    }),
    agentPoolProfiles: z
      .array(z.strictObject({ ...poolFields, name: poolName }).superRefine(refinePool))
      .min(1),
    apiServerAccessProfile: z.union([privateAccess, publicAccess]),
    autoScalerProfile: z.strictObject({
      expander: z.enum(["least-waste", "most-pods", "priority", "random"]),
      scaleDownUnneededTime: z.string().regex(/^\d+m$/),
      skipNodesWithLocalStorage: textBoolean,
    }),
    autoUpgradeProfile: z.strictObject({
      nodeOSUpgradeChannel: z.enum(["None", "Unmanaged", "NodeImage", "SecurityPatch"]),
      upgradeChannel: z.enum(["rapid", "stable", "patch", "node-image", "none"]),
    }),
    azureMonitorProfile: z.strictObject({ metrics: enabled }),
    disableLocalAccounts: z.literal(true),
    dnsPrefix: z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,52}[a-zA-Z0-9])?$/),
    enableRBAC: z.literal(true),
    identity: z.strictObject({
      type: z.literal("UserAssigned"),
      userAssignedIdentities: z.array(resourceId("managedidentity")).length(1),
    }),
    identityProfile: z.strictObject({
      kubeletidentity: z.strictObject({
        clientId: guid,
        objectId: guid,
        resourceId: resourceId("managedidentity"),
      }),
    }),
    kubernetesVersion: minorVersion,
    metricsProfile: z.strictObject({ costAnalysis: enabled }),
    networkProfile: z.strictObject({
      dnsServiceIP: z.ipv4(),
      loadBalancerSku: z.literal("standard"),
      networkDataplane: z.enum(["azure", "cilium"]),
      networkPlugin: z.literal("azure"),
      networkPluginMode: z.literal("overlay"),
      networkPolicy: z.enum(["calico", "azure", "cilium"]),
      outboundType: z.enum(["loadBalancer", "userAssignedNATGateway", "managedNATGateway"]),
      podCidr: ipv4Range(8, 24),
      serviceCidr: ipv4Range(13, 24),
    }),
    nodeResourceGroup: z.string().regex(/^[\w.()-]{1,63}$/),
    oidcIssuerProfile: enabled,
    securityProfile: z.strictObject({
      imageCleaner: z.strictObject({
        enabled: z.literal(true),
        intervalHours: z.int().min(24).max(2160),
      }),
      workloadIdentity: enabled,
    }),
    sku: z.strictObject({
      name: z.literal("Base"),
      tier: z.enum(["Free", "Standard", "Premium"]),
    }),
    storageProfile: z.strictObject({
      diskCSIDriver: enabled,
      fileCSIDriver: enabled,
      snapshotController: enabled,
    }),
    supportPlan: z.enum(["KubernetesOfficial", "AKSLongTermSupport"]),
  })
  .superRefine((cluster, context) => {
    for (const [path, message, isBroken] of clusterRules) {
      if (isBroken(cluster)) {
        context.addIssue({ code: "custom", path: path.split("."), message });
      }
    }
  });

type Cluster = {
  sku: { tier: string };
  supportPlan: string;
  metricsProfile: { costAnalysis: { enabled: boolean } };
  networkProfile: Record<
    "networkDataplane" | "networkPolicy" | "podCidr" | "serviceCidr" | "dnsServiceIP",
    string
  >;
  oidcIssuerProfile: { enabled: boolean };
  securityProfile: { workloadIdentity: { enabled: boolean } };
  agentPoolProfiles: { mode: string }[];
};

/** Ranges that AKS keeps for itself (azure-cni-overlay). */
const reserved = ["169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24"];

const clusterRules: [path: string, rule: string, isBroken: (cluster: Cluster) => boolean][] = [
  // cost-analysis: Standard or Premium only.
  [
    "metricsProfile.costAnalysis.enabled",
    "needs a tier above Free",
    ({ sku, metricsProfile }) => sku.tier === "Free" && metricsProfile.costAnalysis.enabled,
  ],
  // long-term-support: Premium and the plan come together.
  [
    "supportPlan",
    "must be AKSLongTermSupport with tier Premium and only with it",
    ({ sku, supportPlan }) => (sku.tier === "Premium") !== (supportPlan === "AKSLongTermSupport"),
  ],
  // azure-cni-powered-by-cilium: its data plane takes its own policies only, and the reverse.
  [
    "networkProfile.networkPolicy",
    "must be cilium on the Cilium data plane and only there",
    ({ networkProfile: { networkDataplane, networkPolicy } }) =>
      (networkDataplane === "cilium") !== (networkPolicy === "cilium"),
  ],
  [
    "networkProfile.serviceCidr",
    "overlaps the pods' range",
    ({ networkProfile: { podCidr, serviceCidr } }) => rangesOverlap(podCidr, serviceCidr),
  ],
  [
    "networkProfile.podCidr",
    "holds a range that AKS reserves",
    ({ networkProfile: { podCidr } }) => reserved.some((range) => rangesOverlap(podCidr, range)),
  ],
  [
    "networkProfile.serviceCidr",
    "holds a range that AKS reserves",
    ({ networkProfile: { serviceCidr } }) =>
      reserved.some((range) => rangesOverlap(serviceCidr, range)),
  ],
  [
    "networkProfile.dnsServiceIP",
    "lies outside serviceCidr, or is its first address",
    ({ networkProfile: { dnsServiceIP, serviceCidr } }) =>
      !rangesOverlap(serviceCidr, `${dnsServiceIP}/32`) ||
      dnsServiceIP === serviceCidr.replace(/\.0\/\d+$/, ".1"),
  ],
  // workload-identity-overview: its webhook exchanges tokens of the cluster's issuer.
  [
    "securityProfile.workloadIdentity.enabled",
    "needs the OIDC issuer",
    ({ securityProfile, oidcIssuerProfile }) =>
      securityProfile.workloadIdentity.enabled && !oidcIssuerProfile.enabled,
  ],
  [
    "agentPoolProfiles",
    "has no system pool",
    ({ agentPoolProfiles }) => agentPoolProfiles.every(({ mode }) => mode !== "System"),
  ],
];

const maintenanceWindow = z.strictObject({
  // planned-maintenance: at least four hours.
  durationHours: z.int().min(4).max(24),
  schedule: z.strictObject({
    weekly: z.strictObject({
      dayOfWeek: z.enum([
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
      ]),
      intervalWeeks: z.int().min(1).max(4),
    }),
  }),
  startTime: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  utcOffset: z.string().regex(/^[+-]\d\d:\d\d$/),
});

/** When AKS may upgrade; the two names are fixed by Azure. */
export const maintenanceConfiguration = z.strictObject({
  configName: z.enum(["aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"]),
  maintenanceWindow,
  resourceGroupName,
  resourceName: z.string(),
});

/** What the registry of the cluster takes. */
export const registry = z
  .strictObject({
    ...placed,
    adminUserEnabled: z.literal(false),
    anonymousPullEnabled: z.literal(false),
    networkRuleBypassOptions: z.enum(["AzureServices", "None"]),
    publicNetworkAccess: z.enum(["Enabled", "Disabled"]),
    registryName: z.string().regex(/^[a-zA-Z0-9]{5,50}$/),
    sku: z.strictObject({ name: z.enum(["Basic", "Standard", "Premium"]) }),
    zoneRedundancy: z.enum(["Enabled", "Disabled"]),
  })
  .refine(({ sku, zoneRedundancy }) => sku.name === "Premium" || zoneRedundancy === "Disabled", {
    path: ["zoneRedundancy"],
    message: "needs the Premium SKU",
  })
  .refine(
    ({ sku, publicNetworkAccess }) => sku.name === "Premium" || publicNetworkAccess === "Enabled",
    {
      path: ["publicNetworkAccess"],
      message: "can be Disabled with the Premium SKU only",
    },
  );
