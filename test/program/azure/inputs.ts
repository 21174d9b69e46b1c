import { z } from "zod";
import { agentPool, maintenanceConfiguration, managedCluster, registry } from "./clusterInputs";
import {
  guid,
  ipv4Range,
  location,
  placed,
  reference,
  resourceGroupName,
  resourceId,
} from "./shapes";

const portRange = z.string().regex(/^(\*|\d{1,5}(-\d{1,5})?)$/);
const addressPrefix = z.union([
  z.enum(["*", "VirtualNetwork", "AzureLoadBalancer", "Internet"]),
  ipv4Range(1, 32),
]);
const securityRule = z.strictObject({
  access: z.enum(["Allow", "Deny"]),
  destinationAddressPrefix: addressPrefix,
  destinationPortRange: portRange.optional(),
  destinationPortRanges: z.array(portRange).optional(),
  direction: z.enum(["Inbound", "Outbound"]),
  name: z.string().regex(/^[a-zA-Z0-9]([\w.-]{0,78}\w)?$/),
  priority: z.int().min(100).max(4096),
  protocol: z.enum(["Tcp", "Udp", "Icmp", "*"]),
  sourceAddressPrefix: addressPrefix,
  sourcePortRange: portRange,
});

const networkSecurityGroup = z.strictObject({
  ...placed,
  securityRules: z
    .array(securityRule)
    .refine((rules) => {
      const slots = rules.map(({ direction, priority }) => `${direction} ${priority}`);
      return new Set(slots).size === slots.length;
    }, "uses a priority twice in one direction")
    .refine(
      (rules) => new Set(rules.map(({ name }) => name)).size === rules.length,
      "uses a name twice",
    ),
});

const subnet = z
  .strictObject({
    // 29 is Azure's smallest; a delegated subnet of PostgreSQL starts at /28.
    addressPrefix: ipv4Range(8, 28),
    defaultOutboundAccess: z.boolean().optional(),
    delegations: z
      .array(
        z.strictObject({
          name: z.string(),
          serviceName: z.literal("Microsoft.DBforPostgreSQL/flexibleServers"),
        }),
      )
      .length(1)
      .optional(),
    natGateway: reference("network").optional(),
    networkSecurityGroup: reference("network").optional(),
    privateEndpointNetworkPolicies: z.enum([
      "Enabled",
      "Disabled",
      "NetworkSecurityGroupEnabled",
      "RouteTableEnabled",
    ]),
    privateLinkServiceNetworkPolicies: z.enum(["Enabled", "Disabled"]),
    resourceGroupName,
    virtualNetworkName: z.string(),
  })
  .refine(({ delegations, natGateway }) => !(delegations && natGateway), {
    path: ["natGateway"],
    message: "gives a delegated subnet a way out that its service does not use",
  });

/** Azure's own roles and what each is for; the GUIDs of the built-in roles page. */
export const builtInRoles: Record<string, string> = {
  "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
  "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
  "b93aa761-3e63-49ed-ac28-beffa264f7ac": "Container Registry Repository Reader",
  "2a1e307c-b015-4ebd-883e-5b7698a07328": "Container Registry Repository Writer",
  "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
  "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
  "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
  "4abbcc35-e782-43d8-92c5-2d3f1bd2253f": "Azure Kubernetes Service Cluster User Role",
  "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
};

/** Built-in role of a role definition's id; undefined where the table has none. */
export function roleOf(roleDefinitionId: string): string | undefined {
  return builtInRoles[roleDefinitionId.slice(roleDefinitionId.lastIndexOf("/") + 1)];
}

const roleAssignment = z.strictObject({
  principalId: guid,
  principalType: z.enum(["Group", "ServicePrincipal"]),
  roleDefinitionId: z
    .string()
    .regex(
      /^\/subscriptions\/[0-9a-f-]{36}\/providers\/Microsoft\.Authorization\/roleDefinitions\/[0-9a-f-]{36}$/,
    )
    .refine((id) => roleOf(id) !== undefined, "is no role of the written table"),
  scope: z.string().startsWith("/subscriptions/"),
});

const notification = z.strictObject({
  contactEmails: z.array(z.email()).min(1).max(50),
  enabled: z.literal(true),
  operator: z.enum(["EqualTo", "GreaterThan", "GreaterThanOrEqualTo"]),
  threshold: z.number().gt(0).max(1000),
  thresholdType: z.enum(["Actual", "Forecasted"]),
});

const diagnosticSetting = z
  .strictObject({
    logAnalyticsDestinationType: z.enum(["Dedicated", "AzureDiagnostics"]).optional(),
    logs: z
      .array(
        z.strictObject({
          category: z.enum([
            "kube-apiserver",
            "kube-audit",
            "kube-audit-admin",
            "kube-controller-manager",
            "kube-scheduler",
            "cluster-autoscaler",
            "cloud-controller-manager",
            "guard",
          ]),
          enabled: z.literal(true),
        }),
      )
      .min(1),
    resourceUri: resourceId("containerservice"),
    storageAccountId: resourceId("storage").optional(),
    workspaceId: resourceId("operationalinsights").optional(),
  })
  .refine(({ storageAccountId, workspaceId }) => storageAccountId || workspaceId, {
    path: ["workspaceId"],
    message: "sends logs nowhere",
  });

const managementPolicy = z.strictObject({
  accountName: z.string(),
  managementPolicyName: z.literal("default"),
  policy: z.strictObject({
    rules: z.array(
      z.strictObject({
        definition: z.strictObject({
          actions: z.strictObject({
            baseBlob: z.strictObject({
              delete: z.strictObject({
                daysAfterModificationGreaterThan: z.int().min(1).max(3650),
              }),
            }),
          }),
          filters: z.strictObject({
            blobTypes: z.array(z.enum(["appendBlob", "blockBlob"])).min(1),
            prefixMatch: z.array(z.string()).max(10).optional(),
          }),
        }),
        enabled: z.literal(true),
        name: z.string().regex(/^[a-zA-Z0-9-]{1,256}$/),
        type: z.literal("Lifecycle"),
      }),
    ),
  }),
  resourceGroupName,
});

const storageAccount = z.strictObject({
  ...placed,
  accountName: z.string().regex(/^[a-z0-9]{3,24}$/),
  allowBlobPublicAccess: z.literal(false),
  allowCrossTenantReplication: z.literal(false),
  allowSharedKeyAccess: z.literal(false),
  enableHttpsTrafficOnly: z.literal(true),
  isHnsEnabled: z.boolean(),
  kind: z.literal("StorageV2"),
  minimumTlsVersion: z.literal("TLS1_2"),
  networkRuleSet: z.strictObject({
    bypass: z.enum(["AzureServices", "None"]),
    defaultAction: z.literal("Deny"),
  }),
  sku: z.strictObject({
    name: z.enum(["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS"]),
  }),
});

const federatedIdentityCredential = z.strictObject({
  audiences: z.tuple([z.literal("api://AzureADTokenExchange")]),
  // Compared as text: issuers of AKS end with a slash, GitHub's does not.
  issuer: z.union([
    z.literal("https://token.actions.githubusercontent.com"),
    z
      .string()
      .regex(/^https:\/\/[a-z0-9]+\.oic\.prod-aks\.azure\.com\/[0-9a-f-]{36}\/[0-9a-f-]{36}\/$/),
  ]),
  resourceGroupName,
  resourceName: z.string(),
  subject: z.string().max(600),
});

const budget = z.strictObject({
  amount: z.number().gt(0),
  category: z.literal("Cost"),
  filter: z.strictObject({
    dimensions: z.strictObject({
      name: z.literal("ResourceGroupName"),
      operator: z.literal("In"),
      values: z.array(z.string()).min(1),
    }),
  }),
  // Azure takes up to five.
  notifications: z
    .record(z.string(), notification)
    .refine((all) => Object.keys(all).length <= 5, "has more than five notifications"),
  scope: z.string().regex(/^\/subscriptions\/[0-9a-f-]{36}$/),
  timeGrain: z.literal("Monthly"),
  timePeriod: z.strictObject({
    startDate: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])-01T00:00:00Z$/),
  }),
});

/**
 * Every input of every Azure type that the stacks register: a field that is not here is refused.
 */
export const azureInputs: Record<string, z.ZodType> = {
  "azure-native:authorization:RoleAssignment": roleAssignment,
  "azure-native:consumption:Budget": budget,
  "azure-native:containerregistry:Registry": registry,
  "azure-native:containerservice:AgentPool": agentPool,
  "azure-native:containerservice:MaintenanceConfiguration": maintenanceConfiguration,
  "azure-native:containerservice:ManagedCluster": managedCluster,
  "azure-native:managedidentity:FederatedIdentityCredential": federatedIdentityCredential,
  "azure-native:managedidentity:UserAssignedIdentity": z.strictObject(placed),
  "azure-native:monitor:DiagnosticSetting": diagnosticSetting,
  "azure-native:network:NatGateway": z.strictObject({
    ...placed,
    // A gateway takes up to 16 addresses.
    publicIpAddresses: z.array(reference("network")).min(1).max(16),
    sku: z.strictObject({ name: z.literal("Standard") }),
  }),
  "azure-native:network:NetworkSecurityGroup": networkSecurityGroup,
  // A NAT gateway takes static Standard addresses only.
  "azure-native:network:PublicIPAddress": z.strictObject({
    ...placed,
    publicIPAddressVersion: z.literal("IPv4"),
    publicIPAllocationMethod: z.literal("Static"),
    sku: z.strictObject({ name: z.literal("Standard") }),
  }),
  "azure-native:network:Subnet": subnet,
  "azure-native:network:VirtualNetwork": z.strictObject({
    ...placed,
    addressSpace: z.strictObject({ addressPrefixes: z.array(ipv4Range(8, 28)).length(1) }),
    enableDdosProtection: z.boolean(),
    enableVmProtection: z.boolean(),
  }),
  "azure-native:operationalinsights:Workspace": z.strictObject({
    ...placed,
    features: z.strictObject({
      disableLocalAuth: z.literal(true),
      enableLogAccessUsingOnlyResourcePermissions: z.literal(true),
    }),
    retentionInDays: z.int().min(30).max(730),
    sku: z.strictObject({ name: z.literal("PerGB2018") }),
  }),
  "azure-native:resources:ResourceGroup": z.strictObject({ location, tags: placed.tags }),
  "azure-native:storage:ManagementPolicy": managementPolicy,
  "azure-native:storage:StorageAccount": storageAccount,
};

/**
 * Limits of the names that Azure gets, in characters, and what they are made of. Names that nobody
 * sets are the logical name and eight characters.
 */
export const nameLimits: Record<string, [least: number, most: number, pattern: RegExp]> = {
  "azure-native:consumption:Budget": [1, 63, /^[\w-]+$/],
  "azure-native:containerservice:ManagedCluster": [1, 63, /^[a-zA-Z0-9]([\w-]*[a-zA-Z0-9])?$/],
  "azure-native:managedidentity:FederatedIdentityCredential": [3, 120, /^[a-zA-Z0-9][\w-]*$/],
  "azure-native:managedidentity:UserAssignedIdentity": [3, 128, /^[a-zA-Z0-9][\w-]*$/],
  "azure-native:monitor:DiagnosticSetting": [1, 260, /^[^*<>%:&\\?+/]+$/],
  "azure-native:network:NatGateway": [1, 80, /^[a-zA-Z0-9]([\w.-]*\w)?$/],
  "azure-native:network:NetworkSecurityGroup": [1, 80, /^[a-zA-Z0-9]([\w.-]*\w)?$/],
  "azure-native:network:PublicIPAddress": [1, 80, /^[a-zA-Z0-9]([\w.-]*\w)?$/],
  "azure-native:network:Subnet": [1, 63, /^[a-zA-Z0-9]([\w.-]*\w)?$/],
  "azure-native:network:VirtualNetwork": [2, 63, /^[a-zA-Z0-9]([\w.-]*\w)?$/],
  "azure-native:operationalinsights:Workspace": [4, 63, /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/],
  "azure-native:resources:ResourceGroup": [1, 63, /^[\w.()-]*[\w()-]$/],
};
