import * as dbforpostgresql from "@pulumi/azure-native/dbforpostgresql";
import * as privatedns from "@pulumi/azure-native/privatedns";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AzureFoundation } from "../connections";
import {
  databaseUser,
  type MlflowPostgres,
  trackingDatabase,
  usersDatabase,
} from "./mlflowDatabase";

/** What the server is made from. */
export interface FlexibleServerSettings {
  azure: pulumi.Input<AzureFoundation>;
  sku: string;
  storageGiB: number;
  instances: number;
  backupRetentionDays: number;
  tags: Record<string, string>;
  protectData: boolean;
}

/**
 * Service tier that a compute size belongs to, by the letter of its series: B burstable, E memory
 * optimized, D general purpose.
 */
export function skuTier(sku: string): dbforpostgresql.SkuTier {
  if (/^Standard_B/.test(sku)) {
    return dbforpostgresql.SkuTier.Burstable;
  }
  if (/^Standard_E/.test(sku)) {
    return dbforpostgresql.SkuTier.MemoryOptimized;
  }
  return dbforpostgresql.SkuTier.GeneralPurpose;
}

/**
 * Azure Database for PostgreSQL in the delegated subnet, without a public endpoint. MLflow opens
 * its connections from one fixed URL and cannot renew a Microsoft Entra token in it, so the server
 * takes a password.
 */
export function createFlexibleServer(
  name: string,
  settings: FlexibleServerSettings,
  parent: pulumi.Resource,
): MlflowPostgres {
  const azure = pulumi.output(settings.azure);
  const { resourceGroupName } = azure;
  const { protectData } = settings;
  const kept = { parent, protect: protectData, retainOnDelete: protectData };
  const { result } = new random.RandomPassword(
    `${name}-database`,
    // Azure wants three of the four classes of characters.
    { length: 40, special: false, minLower: 1, minUpper: 1, minNumeric: 1 },
    { parent },
  );
  const password = pulumi.secret(result);
  const { zone, link } = createPrivateZone(name, settings.tags, azure, parent);
  const server = new dbforpostgresql.Server(
    `${name}-database`,
    {
      resourceGroupName,
      location: azure.location,
      version: "17",
      sku: { name: settings.sku, tier: skuTier(settings.sku) },
      storage: {
        storageSizeGB: settings.storageGiB,
        autoGrow: dbforpostgresql.StorageAutoGrow.Enabled,
      },
      administratorLogin: databaseUser,
      administratorLoginPassword: password,
      authConfig: {
        passwordAuth: dbforpostgresql.PasswordBasedAuth.Enabled,
        activeDirectoryAuth: dbforpostgresql.MicrosoftEntraAuth.Disabled,
      },
      network: {
        delegatedSubnetResourceId: azure.databaseSubnetId,
        privateDnsZoneArmResourceId: zone.id,
        publicNetworkAccess: dbforpostgresql.ServerPublicNetworkAccessState.Disabled,
      },
      backup: {
        backupRetentionDays: settings.backupRetentionDays,
        geoRedundantBackup: dbforpostgresql.GeographicallyRedundantBackup.Disabled,
      },
      highAvailability: {
        mode:
          settings.instances > 1
            ? dbforpostgresql.PostgreSqlFlexibleServerHighAvailabilityMode.ZoneRedundant
            : dbforpostgresql.PostgreSqlFlexibleServerHighAvailabilityMode.Disabled,
      },
      tags: settings.tags,
    },
    // Azure refuses a server whose zone is not linked to its network yet.
    { ...kept, dependsOn: [link] },
  );
  const databases = [trackingDatabase, usersDatabase].map(
    (databaseName) =>
      new dbforpostgresql.Database(
        `${name}-${databaseName.replace("_", "-")}`,
        {
          resourceGroupName,
          serverName: server.name,
          databaseName,
          charset: "UTF8",
          collation: "en_US.utf8",
        },
        kept,
      ),
  );
  return {
    host: server.fullyQualifiedDomainName,
    user: databaseUser,
    password,
    sslMode: "require",
    ready: databases,
  };
}

/** A zone of the server's own; its name must end as Azure prescribes for servers in a subnet. */
function createPrivateZone(
  name: string,
  tags: Record<string, string>,
  azure: pulumi.Output<AzureFoundation>,
  parent: pulumi.Resource,
): { zone: privatedns.PrivateZone; link: privatedns.VirtualNetworkLink } {
  const { resourceGroupName } = azure;
  const zone = new privatedns.PrivateZone(
    `${name}-database`,
    {
      resourceGroupName,
      privateZoneName: `${name}.private.postgres.database.azure.com`,
      location: "global",
      tags,
    },
    { parent },
  );
  const link = new privatedns.VirtualNetworkLink(
    `${name}-database`,
    {
      resourceGroupName,
      privateZoneName: zone.name,
      location: "global",
      registrationEnabled: false,
      virtualNetwork: { id: azure.virtualNetworkId },
      tags,
    },
    { parent },
  );
  return { zone, link };
}
