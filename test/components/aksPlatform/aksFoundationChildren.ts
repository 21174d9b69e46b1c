import { adminGroup, type ExpectedChild, placed, subscriptionId, tags } from "./aksPlatformFixture";

const role = (id: string) =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const denyVirtualNetwork = {
  name: "deny-virtual-network",
  priority: 4096,
  direction: "Inbound",
  access: "Deny",
  protocol: "*",
  sourceAddressPrefix: "VirtualNetwork",
  sourcePortRange: "*",
  destinationAddressPrefix: "*",
  destinationPortRange: "*",
};
const allow = (index: number, from: string, to: string, ports: string[]) => ({
  name: `allow-${index}`,
  priority: 100 + index,
  direction: "Inbound",
  access: "Allow",
  protocol: "Tcp",
  sourceAddressPrefix: from,
  sourcePortRange: "*",
  destinationAddressPrefix: to,
  destinationPortRanges: ports,
});
const warning = (thresholdType: string, threshold: number) => ({
  enabled: true,
  operator: "GreaterThanOrEqualTo",
  threshold,
  thresholdType,
  contactEmails: ["ml-platform@example.com"],
});
const subnet = {
  resourceGroupName: "core-group",
  virtualNetworkName: "core-network",
  privateLinkServiceNetworkPolicies: "Enabled",
};

/** What the cluster stands on, with the exact inputs that Azure gets. */
export const foundationChildren: ExpectedChild[] = [
  [
    "random:index/randomString:RandomString",
    "core-unique",
    { length: 8, special: false, upper: false },
  ],
  ["azure-native:resources:ResourceGroup", "core-group", { location: "westeurope", tags }],
  [
    "azure-native:network:VirtualNetwork",
    "core-network",
    {
      ...placed,
      addressSpace: { addressPrefixes: ["10.20.0.0/16"] },
      enableDdosProtection: false,
      enableVmProtection: false,
    },
  ],
  [
    "azure-native:network:PublicIPAddress",
    "core-egress",
    {
      ...placed,
      sku: { name: "Standard" },
      publicIPAddressVersion: "IPv4",
      publicIPAllocationMethod: "Static",
    },
  ],
  [
    "azure-native:network:NatGateway",
    "core-egress",
    { ...placed, sku: { name: "Standard" }, publicIpAddresses: [{ id: "core-egress-id" }] },
  ],
  [
    "azure-native:network:Subnet",
    "core-nodes",
    {
      ...subnet,
      addressPrefix: "10.20.0.0/20",
      natGateway: { id: "core-egress-id" },
      defaultOutboundAccess: false,
      privateEndpointNetworkPolicies: "Disabled",
    },
  ],
  [
    "azure-native:network:NetworkSecurityGroup",
    "core-database-firewall",
    {
      ...placed,
      securityRules: [
        allow(0, "10.20.0.0/20", "10.20.16.0/24", ["5432", "6432"]),
        allow(1, "10.20.16.0/24", "10.20.16.0/24", ["5432", "6432"]),
        denyVirtualNetwork,
      ],
    },
  ],
  [
    "azure-native:network:Subnet",
    "core-database",
    {
      ...subnet,
      addressPrefix: "10.20.16.0/24",
      delegations: [
        { name: "postgresql", serviceName: "Microsoft.DBforPostgreSQL/flexibleServers" },
      ],
      networkSecurityGroup: { id: "core-database-firewall-id" },
      privateEndpointNetworkPolicies: "Disabled",
    },
  ],
  [
    "azure-native:network:NetworkSecurityGroup",
    "core-endpoints-firewall",
    {
      ...placed,
      securityRules: [allow(0, "10.20.0.0/20", "10.20.17.0/24", ["443"]), denyVirtualNetwork],
    },
  ],
  [
    "azure-native:network:Subnet",
    "core-endpoints",
    {
      ...subnet,
      addressPrefix: "10.20.17.0/24",
      defaultOutboundAccess: false,
      networkSecurityGroup: { id: "core-endpoints-firewall-id" },
      privateEndpointNetworkPolicies: "NetworkSecurityGroupEnabled",
    },
  ],
  [
    "azure-native:containerregistry:Registry",
    "core-registry",
    {
      ...placed,
      registryName: "coreregistryabcd1234",
      sku: { name: "Premium" },
      adminUserEnabled: false,
      anonymousPullEnabled: false,
      zoneRedundancy: "Enabled",
      // Defaults that the SDK adds.
      networkRuleBypassOptions: "AzureServices",
      publicNetworkAccess: "Enabled",
    },
  ],
  ["azure-native:managedidentity:UserAssignedIdentity", "core-control-plane", placed],
  ["azure-native:managedidentity:UserAssignedIdentity", "core-kubelet", placed],
  [
    "azure-native:authorization:RoleAssignment",
    "core-join-nodes",
    {
      scope: "core-nodes-id",
      principalId: "core-control-plane-principal",
      principalType: "ServicePrincipal",
      roleDefinitionId: role("4d97b98b-1d4f-4787-a291-c67834d212e7"),
    },
  ],
  [
    "azure-native:authorization:RoleAssignment",
    "core-use-kubelet",
    {
      scope: "core-kubelet-id",
      principalId: "core-control-plane-principal",
      principalType: "ServicePrincipal",
      roleDefinitionId: role("f1a07417-d97a-45cb-824c-7a7467783830"),
    },
  ],
  [
    "azure-native:authorization:RoleAssignment",
    "core-pull-images",
    {
      scope: "core-registry-id",
      principalId: "core-kubelet-principal",
      principalType: "ServicePrincipal",
      roleDefinitionId: role("7f951dda-4ed3-4680-a7ca-43fe172d538d"),
    },
  ],
  [
    "azure-native:authorization:RoleAssignment",
    "core-pull-images-repositories",
    {
      scope: "core-registry-id",
      principalId: "core-kubelet-principal",
      principalType: "ServicePrincipal",
      roleDefinitionId: role("b93aa761-3e63-49ed-ac28-beffa264f7ac"),
    },
  ],
  [
    "azure-native:authorization:RoleAssignment",
    `core-administrators-${adminGroup}`,
    {
      scope: "core-cluster-id",
      principalId: adminGroup,
      principalType: "Group",
      roleDefinitionId: role("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"),
    },
  ],
  [
    "azure-native:operationalinsights:Workspace",
    "core-logs",
    {
      ...placed,
      sku: { name: "PerGB2018" },
      retentionInDays: 90,
      features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true },
    },
  ],
  [
    "azure-native:monitor:DiagnosticSetting",
    "core-control-plane-logs",
    {
      resourceUri: "core-cluster-id",
      workspaceId: "core-logs-id",
      logAnalyticsDestinationType: "Dedicated",
      logs: [
        { category: "kube-audit-admin", enabled: true },
        { category: "guard", enabled: true },
        { category: "kube-apiserver", enabled: true },
        { category: "kube-controller-manager", enabled: true },
        { category: "kube-scheduler", enabled: true },
        { category: "cluster-autoscaler", enabled: true },
      ],
    },
  ],
  [
    "azure-native:storage:StorageAccount",
    "core-audit",
    {
      ...placed,
      accountName: "coreauditabcd1234",
      kind: "StorageV2",
      sku: { name: "Standard_ZRS" },
      isHnsEnabled: false,
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      allowCrossTenantReplication: false,
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: "TLS1_2",
      networkRuleSet: { defaultAction: "Deny", bypass: "AzureServices" },
    },
  ],
  [
    "azure-native:storage:ManagementPolicy",
    "core-audit-retention",
    {
      resourceGroupName: "core-group",
      accountName: "coreauditabcd1234",
      managementPolicyName: "default",
      policy: {
        rules: [
          {
            name: "deleteOldLogs",
            enabled: true,
            type: "Lifecycle",
            definition: {
              filters: { blobTypes: ["appendBlob"] },
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 365 } } },
            },
          },
        ],
      },
    },
  ],
  [
    "azure-native:monitor:DiagnosticSetting",
    "core-audit-archive",
    {
      resourceUri: "core-cluster-id",
      storageAccountId: "core-audit-id",
      logs: [
        { category: "kube-audit", enabled: true },
        { category: "guard", enabled: true },
      ],
    },
  ],
  [
    "azure-native:consumption:Budget",
    "core-budget",
    {
      scope: `/subscriptions/${subscriptionId}`,
      filter: {
        dimensions: {
          name: "ResourceGroupName",
          operator: "In",
          values: ["core-group", "core-group-nodes"],
        },
      },
      category: "Cost",
      amount: 20000,
      timeGrain: "Monthly",
      timePeriod: { startDate: "2026-12-01T00:00:00Z" },
      notifications: {
        spent80: warning("Actual", 80),
        spent100: warning("Actual", 100),
        forecast100: warning("Forecasted", 100),
      },
    },
  ],
];
