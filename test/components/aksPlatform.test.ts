import * as assert from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import {
  AksPlatform,
  type AksPlatformArgs,
  AksTier,
  KubeLogin,
  RegistrySku,
} from "../../components/aksPlatform/aksPlatform";
import type { AzureFoundation, ClusterConnection } from "../../components/connections";
import {
  adminGroup,
  azureAnswers,
  platformArgs,
  subscriptionId,
  tenantId,
} from "./aksPlatformFixture";
import { record, type Recording } from "./recorder";

const tags = { owner: "ml-platform", project: "mlplatform" };
const placed = { resourceGroupName: "core-group", location: "westeurope", tags };
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
const nodePool = {
  type: "VirtualMachineScaleSets",
  osType: "Linux",
  osDiskSizeGB: 128,
  enableAutoScaling: true,
  maxPods: 110,
  vnetSubnetID: "core-nodes-id",
  tags,
};
const userPool = {
  ...nodePool,
  resourceGroupName: "core-group",
  resourceName: "core-cluster",
  mode: "User",
  count: 0,
  minCount: 0,
  orchestratorVersion: "1.35",
  scaleDownMode: "Delete",
};
const warning = (thresholdType: string, threshold: number) => ({
  enabled: true,
  operator: "GreaterThanOrEqualTo",
  threshold,
  thresholdType,
  contactEmails: ["ml-platform@example.com"],
});
const window = (configName: string, dayOfWeek: string) => ({
  resourceGroupName: "core-group",
  resourceName: "core-cluster",
  configName,
  maintenanceWindow: {
    durationHours: 6,
    startTime: "01:00",
    utcOffset: "+00:00",
    schedule: { weekly: { dayOfWeek, intervalWeeks: 1 } },
  },
});
const subnet = {
  resourceGroupName: "core-group",
  virtualNetworkName: "core-network",
  privateLinkServiceNetworkPolicies: "Enabled",
};

/** Every child, with the exact inputs that Azure gets. */
const children: [type: string, name: string, inputs: Record<string, unknown>][] = [
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
    `core-administrators-${adminGroup}`,
    {
      scope: "core-cluster-id",
      principalId: adminGroup,
      principalType: "Group",
      roleDefinitionId: role("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"),
    },
  ],
  [
    "azure-native:containerservice:ManagedCluster",
    "core-cluster",
    {
      ...placed,
      dnsPrefix: "core",
      kubernetesVersion: "1.35",
      nodeResourceGroup: "core-group-nodes",
      sku: { name: "Base", tier: "Standard" },
      supportPlan: "KubernetesOfficial",
      identity: { type: "UserAssigned", userAssignedIdentities: ["core-control-plane-id"] },
      identityProfile: {
        kubeletidentity: {
          resourceId: "core-kubelet-id",
          clientId: "core-kubelet-client",
          objectId: "core-kubelet-principal",
        },
      },
      enableRBAC: true,
      disableLocalAccounts: true,
      aadProfile: {
        managed: true,
        enableAzureRBAC: true,
        adminGroupObjectIDs: [adminGroup],
        tenantID: tenantId,
      },
      oidcIssuerProfile: { enabled: true },
      securityProfile: {
        workloadIdentity: { enabled: true },
        imageCleaner: { enabled: true, intervalHours: 168 },
      },
      apiServerAccessProfile: { authorizedIPRanges: ["198.51.100.0/24", "20.1.2.3/32"] },
      networkProfile: {
        networkPlugin: "azure",
        networkPluginMode: "overlay",
        networkDataplane: "azure",
        networkPolicy: "calico",
        podCidr: "192.168.0.0/16",
        serviceCidr: "172.16.0.0/16",
        dnsServiceIP: "172.16.0.10",
        loadBalancerSku: "standard",
        outboundType: "userAssignedNATGateway",
      },
      autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
      autoScalerProfile: {
        expander: "least-waste",
        scaleDownUnneededTime: "10m",
        skipNodesWithLocalStorage: "false",
      },
      azureMonitorProfile: { metrics: { enabled: false } },
      metricsProfile: { costAnalysis: { enabled: true } },
      storageProfile: {
        diskCSIDriver: { enabled: true },
        fileCSIDriver: { enabled: true },
        snapshotController: { enabled: true },
      },
      agentPoolProfiles: [
        {
          ...nodePool,
          name: "system",
          mode: "System",
          vmSize: "Standard_D8ds_v5",
          osSKU: "AzureLinux",
          osDiskType: "Ephemeral",
          count: 3,
          minCount: 3,
          maxCount: 6,
          availabilityZones: ["1", "2", "3"],
          nodeLabels: { "mlplatform.dev/pool": "system" },
          nodeTaints: ["CriticalAddonsOnly=true:NoSchedule"],
          upgradeSettings: { maxSurge: "33%" },
        },
      ],
    },
  ],
  [
    "azure-native:containerservice:AgentPool",
    "core-pool-cpu",
    {
      ...userPool,
      agentPoolName: "cpu",
      vmSize: "Standard_D16ds_v5",
      osSKU: "AzureLinux",
      osDiskType: "Ephemeral",
      maxCount: 20,
      availabilityZones: ["1", "2", "3"],
      nodeLabels: { "mlplatform.dev/pool": "cpu" },
      nodeTaints: [],
      upgradeSettings: { maxSurge: "33%" },
    },
  ],
  [
    "azure-native:containerservice:AgentPool",
    "core-pool-gpu",
    {
      ...userPool,
      agentPoolName: "gpu",
      vmSize: "Standard_NC24ads_A100_v4",
      osSKU: "Ubuntu",
      osDiskType: "Managed",
      maxCount: 4,
      nodeLabels: { "mlplatform.dev/pool": "gpu" },
      nodeTaints: ["nvidia.com/gpu=present:NoSchedule"],
      upgradeSettings: { maxSurge: "0", maxUnavailable: "1" },
      gpuProfile: { driver: "Install" },
    },
  ],
  [
    "azure-native:containerservice:AgentPool",
    "core-pool-spot",
    {
      ...userPool,
      agentPoolName: "spot",
      vmSize: "Standard_D16ds_v5",
      osSKU: "AzureLinux",
      osDiskType: "Ephemeral",
      maxCount: 10,
      nodeLabels: {
        "mlplatform.dev/pool": "spot",
        "kubernetes.azure.com/scalesetpriority": "spot",
      },
      nodeTaints: ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"],
      scaleSetPriority: "Spot",
      scaleSetEvictionPolicy: "Delete",
      spotMaxPrice: -1,
    },
  ],
  [
    "azure-native:containerservice:MaintenanceConfiguration",
    "core-node-upgrades",
    window("aksManagedNodeOSUpgradeSchedule", "Saturday"),
  ],
  [
    "azure-native:containerservice:MaintenanceConfiguration",
    "core-cluster-upgrades",
    window("aksManagedAutoUpgradeSchedule", "Sunday"),
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

const component = "mlplatform:index:AksPlatform";
const cluster = "azure-native:containerservice:ManagedCluster";
const stateful = [
  ["azure-native:resources:ResourceGroup", "core-group"],
  ["azure-native:containerregistry:Registry", "core-registry"],
  ["azure-native:storage:StorageAccount", "core-audit"],
  ["azure-native:operationalinsights:Workspace", "core-logs"],
  [cluster, "core-cluster"],
] as const;

/** Types whose Azure resources take no tags. */
const untagged = new Set([
  component,
  "random:index/randomString:RandomString",
  "azure-native:authorization:RoleAssignment",
  "azure-native:consumption:Budget",
  "azure-native:containerservice:MaintenanceConfiguration",
  "azure-native:monitor:DiagnosticSetting",
  "azure-native:network:Subnet",
  "azure-native:storage:ManagementPolicy",
]);

const recordPlatform = (args: AksPlatformArgs = platformArgs(), preview = false) =>
  record(() => new AksPlatform("core", args), { ...azureAnswers, preview });

/** Value of an output, and whether it is secret and known. */
async function inspect<T>(output: pulumi.Output<T>) {
  const details = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<T> };
  return {
    value: await details.promise(),
    isKnown: await details.isKnown,
    isSecret: await pulumi.isSecret(output),
  };
}

describe("AksPlatform", () => {
  let platform: Recording;
  before(async () => {
    platform = await recordPlatform();
  });

  for (const [type, name, inputs] of children) {
    it(`gives ${name} (${type.split(":").pop()}) its exact inputs`, () => {
      assert.deepStrictEqual(platform.one(type, name).inputs, inputs);
    });
  }

  it("makes no other resource", () => {
    const made = platform.resources.filter((r) => r.custom).map((r) => `${r.type} ${r.name}`);
    assert.deepStrictEqual(made.sort(), children.map(([type, name]) => `${type} ${name}`).sort());
  });

  it("is the parent of every child", () => {
    const { urn } = platform.one(component, "core");
    const strays = platform.resources.filter((r) => r.custom && r.parent !== urn);
    assert.deepStrictEqual(strays, []);
    assert.match(platform.one(cluster).urn, /mlplatform:index:AksPlatform\$azure-native:/);
  });

  it("tags everything that takes tags", () => {
    const bare = platform.resources.filter((r) => !untagged.has(r.type) && !r.inputs.tags);
    assert.deepStrictEqual(bare, []);
    for (const resource of platform.resources.filter((r) => !untagged.has(r.type))) {
      assert.deepStrictEqual(resource.inputs.tags, tags, resource.name);
    }
  });

  it("keeps what holds data when the stack is destroyed, and nothing else", () => {
    const kept = platform.resources.filter((r) => r.protect && r.retainOnDelete);
    const either = platform.resources.filter((r) => r.protect || r.retainOnDelete);
    assert.deepStrictEqual(kept.map((r) => r.name).sort(), stateful.map(([, name]) => name).sort());
    assert.deepStrictEqual(kept, either);
  });

  it("lets go of its data where protectData is false", async () => {
    const loose = await recordPlatform(platformArgs({ protectData: false }));
    assert.deepStrictEqual(
      loose.resources.filter((r) => r.protect || r.retainOnDelete),
      [],
    );
  });

  it("leaves to Azure what Azure changes", () => {
    const ignored = platform.resources
      .filter((r) => r.ignoreChanges.length > 0)
      .map((r) => [r.name, r.ignoreChanges.join()])
      .sort();
    assert.deepStrictEqual(ignored, [
      ["core-budget", "timePeriod"],
      ["core-cluster", "agentPoolProfiles"],
      ["core-pool-cpu", "count"],
      ["core-pool-gpu", "count"],
      ["core-pool-spot", "count"],
    ]);
  });

  it("deletes a pool before it makes its replacement of the same name", () => {
    const first = platform.resources.filter((r) => r.deleteBeforeReplace).map((r) => r.name);
    assert.deepStrictEqual(first.sort(), ["core-pool-cpu", "core-pool-gpu", "core-pool-spot"]);
  });

  it("creates the cluster after the rights of its identities", () => {
    const { dependencies } = platform.one(cluster);
    for (const name of ["core-join-nodes", "core-use-kubelet", "core-pull-images"]) {
      const { urn } = platform.one("azure-native:authorization:RoleAssignment", name);
      assert.ok(dependencies.includes(urn), name);
    }
  });

  it("changes the subnets one after the other", () => {
    const [nodes, database, endpoints] = ["core-nodes", "core-database", "core-endpoints"].map(
      (name) => platform.one("azure-native:network:Subnet", name),
    );
    assert.ok(database!.dependencies.includes(nodes!.urn));
    assert.ok(endpoints!.dependencies.includes(database!.urn));
  });

  it("returns its connection as a secret, and the rest plain", async () => {
    let made: AksPlatform | undefined;
    await record(() => {
      made = new AksPlatform("core", platformArgs());
    }, azureAnswers);
    const connection = await inspect<ClusterConnection>(made!.connection);
    assert.strictEqual(connection.isSecret, true);
    const { kubeconfig, ...rest } = connection.value;
    assert.deepStrictEqual(rest, {
      oidcIssuer: "https://issuer.example.com/core-cluster",
      registry: "coreregistryabcd1234.azurecr.io",
      nodePools: [
        { name: "system", kind: "system", minCount: 3, maxCount: 6 },
        { name: "cpu", kind: "cpu", minCount: 0, maxCount: 20 },
        { name: "gpu", kind: "gpu", minCount: 0, maxCount: 4 },
        { name: "spot", kind: "spot", minCount: 0, maxCount: 10 },
      ],
    });
    assert.deepStrictEqual(await inspect(made!.kubeconfig), {
      value: kubeconfig,
      isKnown: true,
      isSecret: true,
    });
    assert.deepStrictEqual(await inspect(made!.registry), {
      value: "coreregistryabcd1234.azurecr.io",
      isKnown: true,
      isSecret: false,
    });
    assert.deepStrictEqual(await inspect<AzureFoundation>(made!.azure), {
      value: {
        resourceGroupName: "core-group",
        location: "westeurope",
        virtualNetworkId: "core-network-id",
        databaseSubnetId: "core-database-id",
        endpointSubnetId: "core-endpoints-id",
        oidcIssuer: "https://issuer.example.com/core-cluster",
        clusterId: "core-cluster-id",
        registryId: "core-registry-id",
        tenantId,
        subscriptionId,
      },
      isKnown: true,
      isSecret: false,
    });
  });

  it("signs in as the program was told to", async () => {
    let made: AksPlatform | undefined;
    const args = platformArgs({ kubeLogin: KubeLogin.WorkloadIdentity });
    await record(() => {
      made = new AksPlatform("core", args);
    }, azureAnswers);
    const { value } = await inspect(made!.kubeconfig);
    const { command, args: words } = JSON.parse(value).users[0].user.exec;
    assert.strictEqual(command, "kubelogin");
    assert.deepStrictEqual(words.slice(0, 3), ["get-token", "--login", "workloadidentity"]);
  });

  it("gives a private cluster no public address and no way around the network", async () => {
    const hidden = await recordPlatform(
      platformArgs({ privateCluster: true, authorizedIpRanges: undefined }),
    );
    assert.deepStrictEqual(hidden.one(cluster).inputs.apiServerAccessProfile, {
      enablePrivateCluster: true,
      enablePrivateClusterPublicFQDN: false,
      privateDNSZone: "system",
      disableRunCommand: true,
    });
  });

  it("leaves out the pools, zones and paid features that a small platform does not name", async () => {
    const small = await recordPlatform(
      platformArgs({
        tier: AksTier.Free,
        systemPool: { vmSize: "Standard_D4ds_v5", minCount: 2, maxCount: 4, osDiskGiB: 200 },
        cpuPool: undefined,
        gpuPool: undefined,
        spotPool: undefined,
        registrySku: RegistrySku.Basic,
        zoneRedundantRegistry: false,
        logRetentionDays: undefined,
      }),
    );
    assert.deepStrictEqual(small.all("azure-native:containerservice:AgentPool"), []);
    const { inputs } = small.one(cluster);
    assert.strictEqual(inputs.agentPoolProfiles[0].osDiskType, "Managed");
    assert.strictEqual("availabilityZones" in inputs.agentPoolProfiles[0], false);
    assert.deepStrictEqual(inputs.sku, { name: "Base", tier: "Free" });
    assert.deepStrictEqual(inputs.metricsProfile, { costAnalysis: { enabled: false } });
    const registry = small.one("azure-native:containerregistry:Registry").inputs;
    assert.deepStrictEqual(registry.sku, { name: "Basic" });
    assert.strictEqual(registry.zoneRedundancy, "Disabled");
    const archive = small.one("azure-native:storage:StorageAccount").inputs;
    assert.deepStrictEqual(archive.sku, { name: "Standard_LRS" });
    assert.strictEqual(
      small.one("azure-native:operationalinsights:Workspace").inputs.retentionInDays,
      30,
    );
  });

  it("buys long-term support with the Premium tier", async () => {
    const premium = await recordPlatform(platformArgs({ tier: AksTier.Premium }));
    assert.strictEqual(premium.one(cluster).inputs.supportPlan, "AKSLongTermSupport");
  });

  it("keeps the archive as long as the workspace where that is more than a year", async () => {
    const long = await recordPlatform(platformArgs({ logRetentionDays: 730 }));
    const { policy } = long.one("azure-native:storage:ManagementPolicy").inputs;
    const { delete: removal } = policy.rules[0].definition.actions.baseBlob;
    assert.deepStrictEqual(removal, { daysAfterModificationGreaterThan: 730 });
  });

  it("lives twice in one program", async () => {
    const both = await record(() => {
      new AksPlatform("core", platformArgs());
      new AksPlatform("lab", platformArgs());
    }, azureAnswers);
    const urns = both.resources.map((r) => r.urn);
    assert.strictEqual(new Set(urns).size, urns.length);
    assert.strictEqual(both.resources.length, 2 * (children.length + 1));
    for (const [type, name] of children) {
      assert.strictEqual(both.all(type, name.replace("core", "lab")).length, 1, name);
    }
    const accounts = both.all("azure-native:storage:StorageAccount");
    assert.deepStrictEqual(accounts.map((r) => r.inputs.accountName).sort(), [
      "coreauditabcd1234",
      "labauditabcd1234",
    ]);
  });

  it("registers the same resources in a preview, with a kubeconfig that is unknown and secret", async () => {
    let made: AksPlatform | undefined;
    const planned = await record(
      () => {
        made = new AksPlatform("core", platformArgs());
      },
      { ...azureAnswers, preview: true },
    );
    const named = (recording: Recording) =>
      recording.resources.map((r) => `${r.type} ${r.name}`).sort();
    assert.deepStrictEqual(named(planned), named(platform));
    const { isKnown, isSecret } = await inspect(made!.kubeconfig);
    assert.deepStrictEqual({ isKnown, isSecret }, { isKnown: false, isSecret: true });
    assert.strictEqual((await inspect(made!.azure)).isKnown, false);
  });

  it("says what to do where the cluster has no issuer", async () => {
    const answers = azureAnswers.outputs!;
    let made: AksPlatform | undefined;
    const attempt = record(
      () => {
        made = new AksPlatform("core", platformArgs());
      },
      {
        ...azureAnswers,
        outputs: (type, name, inputs) =>
          type === cluster ? { name } : answers(type, name, inputs),
      },
    );
    await assert.rejects(attempt, {
      message:
        /AksPlatform "core": the cluster has no OIDC issuer, got {"enabled":true}\. Enable it with `az aks update --enable-oidc-issuer`, then run `pulumi refresh`\./,
    });
    assert.ok(made);
  });

  it("asks Azure for no credentials before the cluster and its pools exist", async () => {
    const asked: string[] = [];
    const calls = new Proxy(azureAnswers.calls!, {
      get: (answers, token: string) => {
        asked.push(token);
        return answers[token];
      },
    });
    await record(() => new AksPlatform("core", platformArgs()), {
      ...azureAnswers,
      calls,
      preview: true,
    });
    assert.deepStrictEqual(asked, ["azure-native:authorization:getClientConfig"]);
  });

  it("names all faults in one error before it registers anything", async () => {
    const args = platformArgs({
      kubernetesVersion: "1.20",
      gpuPool: { vmSize: "Standard_D8ds_v5", minCount: 0, maxCount: 4 },
    });
    const attempt = await record(() => {
      assert.throws(
        () => new AksPlatform("Core", args),
        (error: unknown) => {
          assert.ok(pulumi.InputPropertiesError.isInstance(error));
          assert.deepStrictEqual(
            error.errors.map(({ propertyPath }) => propertyPath),
            ["name", "kubernetesVersion", "gpuPool.vmSize"],
          );
          assert.strictEqual(
            error.message,
            [
              'AksPlatform "Core" cannot be made:',
              '  - `name` must start with a letter and have at most 43 lowercase letters, digits and inner hyphens, got "Core". Rename the component: Azure\'s names are made from it.',
              '  - `kubernetesVersion` must be 1.34 to 1.36, which AKS supports, got "1.20". Choose one of these, or widen the range in checkAksPlatform.ts when AKS does.',
              '  - `gpuPool.vmSize` must have a GPU in the GPU pool, got "Standard_D8ds_v5". Use a size such as Standard_NC24ads_A100_v4, or move the pool to cpuPool.',
            ].join("\n"),
          );
          return true;
        },
      );
    });
    assert.deepStrictEqual(attempt.resources, []);
  });
});
