/** Tags that every taggable Azure resource carries. */
export const ownershipTags = ["owner", "project", "environment", "costCenter"] as const;

/**
 * Azure types that take `tags` as a map, by Pulumi type token. Azure offers no such list to a
 * policy; a test compares this one with the SDK and with the types that the components make.
 */
export const taggableAzureTypes: ReadonlySet<string> = new Set(
  Object.entries({
    compute: ["Disk", "DiskEncryptionSet", "Snapshot"],
    containerregistry: ["Registry", "Replication"],
    containerservice: ["AgentPool", "ManagedCluster"],
    dbforpostgresql: ["Server"],
    keyvault: ["Vault"],
    managedidentity: ["UserAssignedIdentity"],
    monitor: ["ActionGroup", "AzureMonitorWorkspace", "DataCollectionRule", "MetricAlert"],
    network: [
      "NatGateway",
      "NetworkSecurityGroup",
      "PrivateEndpoint",
      "PublicIPAddress",
      "PublicIPPrefix",
      "RouteTable",
      "VirtualNetwork",
    ],
    operationalinsights: ["Workspace"],
    privatedns: ["PrivateZone", "VirtualNetworkLink"],
    resources: ["ResourceGroup"],
    storage: ["StorageAccount"],
  }).flatMap(([module, names]) => names.map((name) => `azure-native:${module}:${name}`)),
);
