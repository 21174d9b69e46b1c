/** One wrong input of prod, and a part of what must be said about it. */
export interface Mutation {
  /** Type without `azure-native:`, and logical name. */
  name: string;
  path: string;
  /** Undefined: the input is left out. */
  value: unknown;
  expected: string;
}

const rows: [name: string, path: string, value: unknown, expected: string][] = [
  ["containerservice:ManagedCluster core-cluster", "sku.tier", "Free", "needs a tier above Free"],
  ["containerservice:ManagedCluster core-cluster", "sku.tier", "Premium", "AKSLongTermSupport"],
  ["containerservice:ManagedCluster core-cluster", "sku.tier", "Paid", "sku.tier Invalid option"],
  ["containerservice:ManagedCluster core-cluster", "enableRbac", true, 'key: "enableRbac"'],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.networkPolicy",
    "cilium",
    "must be cilium on the Cilium data plane",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.networkDataplane",
    "cilium",
    "must be cilium on the Cilium data plane",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.serviceCidr",
    "192.168.8.0/22",
    "overlaps the pods' range",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.serviceCidr",
    "172.16.0.0/12",
    "is no IPv4 range of /13 to /24",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.podCidr",
    "172.30.0.0/16",
    "holds a range that AKS reserves",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.podCidr",
    "10.20.0.0/17",
    "of the cluster overlaps the virtual network",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.dnsServiceIP",
    "172.17.0.10",
    "lies outside serviceCidr",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.dnsServiceIP",
    "172.16.0.1",
    "is its first address",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "networkProfile.outboundType",
    "loadBalancer",
    "do not fit",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "oidcIssuerProfile.enabled",
    false,
    "needs the OIDC issuer",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "apiServerAccessProfile",
    {
      enablePrivateCluster: true,
      enablePrivateClusterPublicFQDN: false,
      privateDNSZone: "system",
      disableRunCommand: true,
      authorizedIPRanges: ["198.51.100.0/24"],
    },
    "apiServerAccessProfile Invalid input",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "autoScalerProfile.skipNodesWithLocalStorage",
    false,
    "skipNodesWithLocalStorage Invalid option",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "autoUpgradeProfile.upgradeChannel",
    "NodeImage",
    "upgradeChannel Invalid option",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "aadProfile.adminGroupObjectIDs",
    ["admins"],
    "is no GUID",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "agentPoolProfiles.0.minCount",
    0,
    "is 0 in a system pool",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "agentPoolProfiles.0.vmSize",
    "Standard_D2ds_v5",
    "is too small or burstable",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "agentPoolProfiles.0.mode",
    "User",
    "has no system pool",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "agentPoolProfiles.0.name",
    "system-pool",
    "agentPoolProfiles.0.name Invalid string",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "agentPoolProfiles.0.osDiskSizeGB",
    512,
    "is ephemeral on a size whose local disk does not hold it",
  ],
  [
    "containerservice:ManagedCluster core-cluster",
    "agentPoolProfiles.0.availabilityZones",
    ["1", "1"],
    "names a zone twice",
  ],
  [
    "containerservice:AgentPool core-pool-gpu",
    "upgradeSettings.maxUnavailable",
    "0",
    "can neither add nor take away a node",
  ],
  ["containerservice:AgentPool core-pool-gpu", "gpuProfile", undefined, "comes with GPU sizes"],
  ["containerservice:AgentPool core-pool-gpu", "agentPoolName", "cpu", "two pools have one name"],
  ["containerservice:AgentPool core-pool-cpu", "maxPods", 300, "maxPods Too big"],
  ["containerservice:AgentPool core-pool-cpu", "osSKU", "Ubuntu2504", "osSKU Invalid option"],
  ["containerservice:AgentPool core-pool-cpu", "minCount", 30, "is below minCount"],
  ["containerservice:AgentPool core-pool-cpu", "vmSize", "standard_d16ds_v5", "vmSize Invalid"],
  [
    "containerservice:AgentPool core-pool-cpu",
    "vnetSubnetID",
    "core-nodes",
    "is no id of a resource of Microsoft.network",
  ],
  ["containerservice:AgentPool core-pool-spot", "mode", "System", "is no user pool but spot"],
  ["containerservice:AgentPool core-pool-spot", "nodeTaints", [], "lacks the taint of spot nodes"],
  [
    "containerservice:AgentPool core-pool-spot",
    "nodeLabels",
    { "mlplatform.dev/pool": "spot" },
    "lacks the label of spot nodes",
  ],
  ["containerservice:AgentPool core-pool-spot", "spotMaxPrice", 0, "must be -1 or above 0"],
  [
    "containerservice:AgentPool core-pool-spot",
    "upgradeSettings",
    { maxSurge: "33%" },
    "is set on spot nodes",
  ],
  [
    "containerservice:AgentPool core-pool-spot",
    "scaleSetPriority",
    undefined,
    "comes with spot nodes",
  ],
  [
    "containerservice:MaintenanceConfiguration core-node-upgrades",
    "configName",
    "nodeUpgrades",
    "configName Invalid option",
  ],
  [
    "containerservice:MaintenanceConfiguration core-node-upgrades",
    "maintenanceWindow.durationHours",
    2,
    "durationHours Too small",
  ],
  ["containerregistry:Registry core-registry", "sku.name", "Standard", "needs the Premium SKU"],
  ["containerregistry:Registry core-registry", "registryName", "core-registry", "registryName"],
  ["storage:StorageAccount core-audit", "accountName", "coreAudit", "accountName Invalid string"],
  ["storage:StorageAccount core-audit", "sku.name", "Standard_LRS", "lies in one zone although"],
  [
    "storage:ManagementPolicy core-audit-retention",
    "managementPolicyName",
    "retention",
    'expected "default"',
  ],
  ["network:Subnet core-database", "addressPrefix", "10.21.0.0/24", "lies outside the virtual"],
  ["network:Subnet core-endpoints", "addressPrefix", "10.20.16.0/25", "overlaps core-endpoints"],
  ["network:Subnet core-nodes", "addressPrefix", "10.20.0.1/20", "is no IPv4 range of /8 to /28"],
  [
    "network:Subnet core-database",
    "delegations.0.serviceName",
    "Microsoft.DBforPostgreSQL/servers",
    "serviceName Invalid input",
  ],
  ["network:PublicIPAddress core-egress", "sku.name", "Basic", 'expected "Standard"'],
  [
    "network:NetworkSecurityGroup core-endpoints-firewall",
    "securityRules.0.priority",
    4096,
    "uses a priority twice",
  ],
  ["operationalinsights:Workspace core-logs", "retentionInDays", 7, "retentionInDays Too small"],
  [
    "consumption:Budget core-budget",
    "timePeriod.startDate",
    "2026-12-15T00:00:00Z",
    "startDate Invalid string",
  ],
  [
    "authorization:RoleAssignment core-pull-images",
    "roleDefinitionId",
    "/subscriptions/e8491a90-01ae-4a80-84ac-4e8f7fa19df9/providers/" +
      "Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538e",
    "is no role of the written table",
  ],
  [
    "managedidentity:FederatedIdentityCredential churn-training",
    "issuer",
    "https://token.actions.githubusercontent.com/",
    "issuer Invalid string",
  ],
  [
    "managedidentity:FederatedIdentityCredential churn-training",
    "audiences",
    ["api://AzureADTokenexchange"],
    'expected "api://AzureADTokenExchange"',
  ],
  ["managedidentity:UserAssignedIdentity churn-serving", "tags", {}, "names neither owner nor"],
  ["resources:ResourceGroup core-group", "location", "West Europe", "is no short name of a region"],
];

/** Inputs that Azure refuses, each a change of prod's. */
export const mutations: Mutation[] = rows.map(([name, path, value, expected]) => ({
  name,
  path,
  value,
  expected,
}));
