import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import { createFederatedIdentity, serviceAccountSubject } from "../azure/federatedIdentity";
import { globalName } from "../azure/names";
import { assignRole, AzureRole } from "../azure/roles";
import { type AzureScope, azureScope } from "../azure/scope";
import { createUniqueSuffix } from "../azure/uniqueSuffix";
import type { AzureFoundation } from "../connections";
import type { Scope } from "../scope";
import { createBlobPrivateEndpoint } from "./blobPrivateEndpoint";
import type { LakeStore, LakeStoreSettings } from "./lakeStore";
import { createVersityGateway, gatewayServiceAccount } from "./versityGateway";

/**
 * Azure Blob with an S3 face: a storage account without shared keys and without a public endpoint,
 * and versitygw in the cluster, which reaches it by workload identity.
 */
export function createAzureBlobStore(scope: Scope, settings: LakeStoreSettings): LakeStore {
  // Presence is checked by DataLake, which is where the argument is known by name.
  const azure = pulumi.output(settings.azure!);
  const { tags, protectData } = settings;
  const inAzure = azureScope({ ...scope, azure, tags, protectData });
  const account = createAccount(inAzure);
  const containers = createContainers(inAzure, account, settings.buckets);
  expireRawLogs(inAzure, account, settings);
  const privateEndpoint = createBlobPrivateEndpoint(inAzure, {
    accountId: account.id,
    virtualNetworkId: azure.virtualNetworkId,
    endpointSubnetId: azure.endpointSubnetId,
  });
  const access = createGatewayIdentity(inAzure, {
    azure,
    accountId: account.id,
    namespace: settings.namespace,
  });
  const { s3, service } = createVersityGateway(
    { ...scope, dependsOn: [privateEndpoint, ...containers, ...access.grants] },
    { ...settings, accountName: account.name, clientId: access.clientId },
  );
  return { service: s3, ready: [service, ...containers] };
}

function createAccount(scope: AzureScope): storage.StorageAccount {
  const { name, location, resourceGroupName, tags, child } = scope;
  const suffix = createUniqueSuffix({ ...scope, name: `${name}-account-suffix` });
  const account = new storage.StorageAccount(
    `${name}-account`,
    {
      accountName: pulumi.interpolate`${globalName("storageAccount", name)}${suffix}`,
      resourceGroupName,
      location,
      kind: storage.Kind.StorageV2,
      sku: { name: storage.SkuName.Standard_ZRS },
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      publicNetworkAccess: storage.PublicNetworkAccess.Disabled,
      networkRuleSet: {
        defaultAction: storage.DefaultAction.Deny,
        bypass: storage.Bypass.None,
      },
      minimumTlsVersion: storage.MinimumTlsVersion.TLS1_2,
      enableHttpsTrafficOnly: true,
      tags,
    },
    scope.stateful,
  );
  new storage.BlobServiceProperties(
    `${name}-blob-service`,
    {
      accountName: account.name,
      resourceGroupName,
      blobServicesName: "default",
      deleteRetentionPolicy: { enabled: true, days: 7 },
      containerDeleteRetentionPolicy: { enabled: true, days: 7 },
    },
    child,
  );
  return account;
}

/** A bucket is a container of the same name. */
function createContainers(
  { name, resourceGroupName, stateful }: AzureScope,
  account: storage.StorageAccount,
  buckets: string[],
): storage.BlobContainer[] {
  return buckets.map(
    (bucket) =>
      new storage.BlobContainer(
        `${name}-${bucket}`,
        {
          accountName: account.name,
          resourceGroupName,
          containerName: bucket,
          publicAccess: storage.PublicAccess.None,
        },
        stateful,
      ),
  );
}

function expireRawLogs(
  { name, resourceGroupName, child }: AzureScope,
  account: storage.StorageAccount,
  { buckets, rawLogRetentionDays }: LakeStoreSettings,
): storage.ManagementPolicy {
  return new storage.ManagementPolicy(
    `${name}-lifecycle`,
    {
      accountName: account.name,
      resourceGroupName,
      managementPolicyName: "default",
      policy: {
        rules: [
          {
            name: "expire-raylogs",
            enabled: true,
            type: "Lifecycle",
            definition: {
              filters: {
                blobTypes: ["blockBlob"],
                prefixMatch: [`${buckets[0]!}/${lakeFolders.rayLogs}`],
              },
              actions: {
                baseBlob: { delete: { daysAfterModificationGreaterThan: rawLogRetentionDays } },
              },
            },
          },
        ],
      },
    },
    child,
  );
}

/** What the gateway signs in for. */
interface GatewayIdentitySettings {
  azure: pulumi.Output<AzureFoundation>;
  /** Storage account that it may use. */
  accountId: pulumi.Input<string>;
  /** Namespace of its ServiceAccount. */
  namespace: pulumi.Output<string>;
}

/** What the gateway signs in with. */
interface GatewayIdentity {
  clientId: pulumi.Output<string>;
  grants: pulumi.Resource[];
}

/**
 * An identity that only the gateway's ServiceAccount can take, and that only this account obeys.
 */
function createGatewayIdentity(
  scope: AzureScope,
  { azure, accountId, namespace }: GatewayIdentitySettings,
): GatewayIdentity {
  const name = `${scope.name}-gateway`;
  const { identity, credential } = createFederatedIdentity(
    { ...scope, name },
    {
      issuer: azure.oidcIssuer,
      subject: namespace.apply((own) => serviceAccountSubject(own, gatewayServiceAccount)),
    },
  );
  const assignment = assignRole({
    ...scope,
    name,
    role: AzureRole.StorageBlobDataContributor,
    subscriptionId: azure.subscriptionId,
    principalId: identity.principalId,
    on: accountId,
  });
  return { clientId: identity.clientId, grants: [credential, assignment] };
}
