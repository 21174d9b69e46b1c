import * as monitor from "@pulumi/azure-native/monitor";
import * as operationalinsights from "@pulumi/azure-native/operationalinsights";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import { globalName } from "../azure/names";
import { plannedPools } from "./nodePools";
import type { AzureScope } from "../azure/scope";
import type { AksPlatformSettings } from "./normalize";

/** Searchable: what operators ask. `kube-audit-admin` leaves out reads, most of the volume. */
const searchableLogs = [
  "kube-audit-admin",
  "guard",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "cluster-autoscaler",
];

/** Archived: who did what, reads included. */
const archivedLogs = ["kube-audit", "guard"];

/** Whose logs are kept. */
export interface AuditedCluster {
  clusterId: pulumi.Output<string>;
  /** End of the archive's name, which all of Azure shares. */
  uniqueSuffix: pulumi.Input<string>;
}

/** Sends control-plane logs to a workspace for search, and audit logs to a storage account. */
export function createAuditLogs(
  scope: AzureScope,
  { uniqueSuffix, clusterId }: AuditedCluster,
  args: AksPlatformSettings,
): void {
  const { name, child } = scope;
  const workspace = createWorkspace(scope, args.logRetentionDays);
  new monitor.DiagnosticSetting(
    `${name}-control-plane-logs`,
    {
      resourceUri: clusterId,
      workspaceId: workspace.id,
      // A table for each kind of log: cheaper and faster to search than the shared one.
      logAnalyticsDestinationType: "Dedicated",
      logs: searchableLogs.map((category) => ({ category, enabled: true })),
    },
    child,
  );
  const archive = createArchive(scope, uniqueSuffix, args);
  createArchiveRetention(scope, archive, args.auditArchiveDays);
  new monitor.DiagnosticSetting(
    `${name}-audit-archive`,
    {
      resourceUri: clusterId,
      storageAccountId: archive.id,
      logs: archivedLogs.map((category) => ({ category, enabled: true })),
    },
    child,
  );
}

function createWorkspace(
  { name, resourceGroupName, location, tags, stateful }: AzureScope,
  retentionInDays: number,
): operationalinsights.Workspace {
  return new operationalinsights.Workspace(
    `${name}-logs`,
    {
      resourceGroupName,
      location,
      tags,
      sku: { name: "PerGB2018" },
      retentionInDays,
      features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true },
    },
    stateful,
  );
}

function createArchive(
  { name, resourceGroupName, location, tags, stateful }: AzureScope,
  uniqueSuffix: pulumi.Input<string>,
  args: AksPlatformSettings,
): storage.StorageAccount {
  const stem = globalName("storageAccount", name, "audit");
  const hasZones = plannedPools(args).some(({ pool }) => pool.zones !== undefined);
  return new storage.StorageAccount(
    `${name}-audit`,
    {
      resourceGroupName,
      location,
      tags,
      accountName: pulumi.interpolate`${stem}${uniqueSuffix}`,
      kind: "StorageV2",
      // Pools with zones show that the region has them.
      sku: { name: hasZones ? "Standard_ZRS" : "Standard_LRS" },
      // Azure Monitor writes append blobs, for which it takes no hierarchical namespace.
      isHnsEnabled: false,
      allowBlobPublicAccess: false,
      allowSharedKeyAccess: false,
      allowCrossTenantReplication: false,
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: "TLS1_2",
      // Closed to every network; Azure Monitor comes in as a trusted service.
      networkRuleSet: { defaultAction: "Deny", bypass: "AzureServices" },
    },
    stateful,
  );
}

function createArchiveRetention(
  { name, resourceGroupName, child }: AzureScope,
  archive: storage.StorageAccount,
  days: number,
): void {
  new storage.ManagementPolicy(
    `${name}-audit-retention`,
    {
      resourceGroupName,
      accountName: archive.name,
      // The only name that Azure takes.
      managementPolicyName: "default",
      policy: {
        rules: [
          {
            name: "deleteOldLogs",
            enabled: true,
            type: "Lifecycle",
            definition: {
              // Append blobs can be deleted by age, not moved to a colder tier.
              filters: { blobTypes: ["appendBlob"] },
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: days } } },
            },
          },
        ],
      },
    },
    child,
  );
}
