import * as dbforpostgresql from "@pulumi/azure-native/dbforpostgresql";
import * as pulumi from "@pulumi/pulumi";
import { createPrivateZone } from "../azure/privateZone";
import { azureScope } from "../azure/scope";
import type { AzureFoundation } from "../connections";
import { createPassword } from "../kubernetes/password";
import type { Scope } from "../scope";
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
  scope: Scope,
  settings: FlexibleServerSettings,
): MlflowPostgres {
  const { name } = scope;
  const azure = pulumi.output(settings.azure);
  const inAzure = azureScope({ ...scope, ...settings });
  const { resourceGroupName, location, stateful } = inAzure;
  // Azure wants three of the four classes of characters.
  const password = createPassword({ ...scope, name: `${name}-database`, mixed: true });
  const { zone, link } = createPrivateZone(
    { ...inAzure, name: `${name}-database` },
    {
      // A zone of the server's own; its name must end as Azure prescribes for servers in a subnet.
      zoneName: `${name}.private.postgres.database.azure.com`,
      virtualNetworkId: azure.virtualNetworkId,
    },
  );
  const server = new dbforpostgresql.Server(
    `${name}-database`,
    {
      resourceGroupName,
      location,
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
    { ...stateful, dependsOn: [link] },
  );
  const databases: dbforpostgresql.Database[] = [];
  for (const databaseName of [trackingDatabase, usersDatabase]) {
    databases.push(
      new dbforpostgresql.Database(
        `${name}-${databaseName.replace("_", "-")}`,
        {
          resourceGroupName,
          serverName: server.name,
          databaseName,
          charset: "UTF8",
          collation: "en_US.utf8",
        },
        // One after the other: Azure answers a second write to a server with ServerIsBusy, and the
        // provider does not try again.
        { ...stateful, dependsOn: databases.slice(-1) },
      ),
    );
  }
  return {
    host: server.fullyQualifiedDomainName,
    user: databaseUser,
    password,
    sslMode: "require",
    ready: databases,
  };
}
