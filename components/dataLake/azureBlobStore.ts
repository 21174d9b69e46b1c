import * as authorization from "@pulumi/azure-native/authorization";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as storage from "@pulumi/azure-native/storage";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AzureFoundation } from "../connections";
import { createBlobPrivateEndpoint } from "./blobPrivateEndpoint";
import type { LakeStore, LakeStoreSettings } from "./lakeStore";
import { createVersityGateway, gatewayServiceAccount } from "./versityGateway";

/** Built-in role: read, write and delete blobs (Azure built-in roles, storage). */
const storageBlobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";

const region = "us-east-1";

/**
 * Azure Blob with an S3 face: a storage account without shared keys and without a public endpoint,
 * and versitygw in the cluster, which reaches it by workload identity.
 */
export function createAzureBlobStore(
  name: string,
  settings: LakeStoreSettings,
  parent: pulumi.Resource,
): LakeStore {
  // Presence is checked by DataLake, which is where the argument is known by name.
  const azure = pulumi.output(settings.azure!);
  const account = createAccount(name, settings, azure, parent);
  const containers = createContainers(name, settings, azure, account, parent);
  expireRawLogs(name, settings, azure, account, parent);
  const endpoint = createBlobPrivateEndpoint(name, settings, azure, account, parent);
  const access = createGatewayIdentity(name, settings, azure, account, parent);
  const gateway = createVersityGateway(
    name,
    settings,
    { accountName: account.name, clientId: access.clientId },
    [endpoint, ...containers, ...access.grants],
    parent,
  );
  return { endpoint: gateway.endpoint, region, ready: [gateway.service, ...containers] };
}

/**
 * Letters and digits of the component's name, at most 16: a storage account takes 3–24 lowercase
 * letters and digits, and eight are for the suffix that makes the name unique in the world.
 */
export function accountNameStem(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .slice(0, 16);
}

function createAccount(
  name: string,
  settings: LakeStoreSettings,
  azure: pulumi.Output<AzureFoundation>,
  parent: pulumi.Resource,
): storage.StorageAccount {
  const { protectData, tags } = settings;
  const suffix = new random.RandomString(
    `${name}-account-suffix`,
    { length: 8, upper: false, special: false },
    { parent },
  );
  const account = new storage.StorageAccount(
    `${name}-account`,
    {
      accountName: pulumi.interpolate`${accountNameStem(name)}${suffix.result}`,
      resourceGroupName: azure.resourceGroupName,
      location: azure.location,
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
    { parent, protect: protectData, retainOnDelete: protectData },
  );
  new storage.BlobServiceProperties(
    `${name}-blob-service`,
    {
      accountName: account.name,
      resourceGroupName: azure.resourceGroupName,
      blobServicesName: "default",
      deleteRetentionPolicy: { enabled: true, days: 7 },
      containerDeleteRetentionPolicy: { enabled: true, days: 7 },
    },
    { parent },
  );
  return account;
}

/** A bucket is a container of the same name. */
function createContainers(
  name: string,
  settings: LakeStoreSettings,
  azure: pulumi.Output<AzureFoundation>,
  account: storage.StorageAccount,
  parent: pulumi.Resource,
): storage.BlobContainer[] {
  const { protectData } = settings;
  return settings.buckets.map(
    (bucket) =>
      new storage.BlobContainer(
        `${name}-${bucket}`,
        {
          accountName: account.name,
          resourceGroupName: azure.resourceGroupName,
          containerName: bucket,
          publicAccess: storage.PublicAccess.None,
        },
        { parent, protect: protectData, retainOnDelete: protectData },
      ),
  );
}

function expireRawLogs(
  name: string,
  settings: LakeStoreSettings,
  azure: pulumi.Output<AzureFoundation>,
  account: storage.StorageAccount,
  parent: pulumi.Resource,
): storage.ManagementPolicy {
  return new storage.ManagementPolicy(
    `${name}-lifecycle`,
    {
      accountName: account.name,
      resourceGroupName: azure.resourceGroupName,
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
                prefixMatch: [`${settings.buckets[0]!}/raylogs/`],
              },
              actions: {
                baseBlob: {
                  delete: { daysAfterModificationGreaterThan: settings.rawLogRetentionDays },
                },
              },
            },
          },
        ],
      },
    },
    { parent },
  );
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
  name: string,
  settings: LakeStoreSettings,
  azure: pulumi.Output<AzureFoundation>,
  account: storage.StorageAccount,
  parent: pulumi.Resource,
): GatewayIdentity {
  const identity = new managedidentity.UserAssignedIdentity(
    `${name}-gateway`,
    {
      resourceGroupName: azure.resourceGroupName,
      location: azure.location,
      tags: settings.tags,
    },
    { parent },
  );
  const credential = new managedidentity.FederatedIdentityCredential(
    `${name}-gateway`,
    {
      resourceGroupName: azure.resourceGroupName,
      resourceName: identity.name,
      issuer: azure.oidcIssuer,
      subject: pulumi.interpolate`system:serviceaccount:${settings.namespace}:${gatewayServiceAccount}`,
      audiences: ["api://AzureADTokenExchange"],
    },
    { parent },
  );
  const role = new authorization.RoleAssignment(
    `${name}-gateway`,
    {
      scope: account.id,
      principalId: identity.principalId,
      // Named, so that Azure does not look up an identity that has not replicated yet.
      principalType: authorization.PrincipalType.ServicePrincipal,
      roleDefinitionId: pulumi.interpolate`/subscriptions/${azure.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${storageBlobDataContributor}`,
    },
    { parent },
  );
  return { clientId: identity.clientId, grants: [credential, role] };
}
