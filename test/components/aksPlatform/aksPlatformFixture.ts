import { type AksPlatformArgs, AksTier, RegistrySku } from "../../../components/aksPlatform/args";
import type { RecordOptions } from "../recorder";

export const adminGroup = "11111111-1111-1111-1111-111111111111";
export const subscriptionId = "22222222-2222-2222-2222-222222222222";
export const tenantId = "33333333-3333-3333-3333-333333333333";

export const tags = { owner: "ml-platform", project: "mlplatform" };

/** Inputs of every child that lies in the resource group of the platform `core`. */
export const placed = { resourceGroupName: "core-group", location: "westeurope", tags };

/** A child of the platform `core` as it must be registered. */
export type ExpectedChild = [type: string, name: string, inputs: Record<string, unknown>];

/** Arguments of a production platform with all four pools. */
export function platformArgs(over: Partial<AksPlatformArgs> = {}): AksPlatformArgs {
  return {
    location: "westeurope",
    kubernetesVersion: "1.35",
    tier: AksTier.Standard,
    network: {
      vnetCidr: "10.20.0.0/16",
      nodeSubnetCidr: "10.20.0.0/20",
      databaseSubnetCidr: "10.20.16.0/24",
      endpointSubnetCidr: "10.20.17.0/24",
      podCidr: "192.168.0.0/16",
      serviceCidr: "172.16.0.0/16",
      dnsServiceIp: "172.16.0.10",
    },
    authorizedIpRanges: ["198.51.100.0/24"],
    adminGroupObjectIds: [adminGroup],
    systemPool: { vmSize: "Standard_D8ds_v5", minCount: 3, maxCount: 6, zones: ["1", "2", "3"] },
    cpuPool: { vmSize: "Standard_D16ds_v5", minCount: 0, maxCount: 20, zones: ["1", "2", "3"] },
    gpuPool: { vmSize: "Standard_NC24ads_A100_v4", minCount: 0, maxCount: 4 },
    spotPool: { vmSize: "Standard_D16ds_v5", minCount: 0, maxCount: 10 },
    registrySku: RegistrySku.Premium,
    zoneRedundantRegistry: true,
    logRetentionDays: 90,
    budget: {
      monthlyAmount: 20000,
      contactEmails: ["ml-platform@example.com"],
      startDate: "2026-12-01",
    },
    tags,
    ...over,
  };
}

/** User kubeconfig as AKS lists it with `format=exec`. */
export const azureKubeconfig = `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://core.hcp.westeurope.azmk8s.io:443
  name: core-cluster
contexts:
- context:
    cluster: core-cluster
    user: clusterUser_core
  name: core-cluster
current-context: core-cluster
users:
- name: clusterUser_core
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --login, devicecode, --server-id, 6dae42f8-4368-4678-94ff-3960e28e3630]
`;

/** What Azure computes and answers, as far as the platform reads it. */
export const azureAnswers: RecordOptions = {
  outputs: (type, name, inputs) => {
    switch (type) {
      case "azure-native:containerregistry:Registry":
        return { name: inputs.registryName, loginServer: `${inputs.registryName}.azurecr.io` };
      case "azure-native:containerservice:ManagedCluster":
        return {
          name,
          oidcIssuerProfile: { enabled: true, issuerURL: `https://issuer.example.com/${name}` },
        };
      case "azure-native:managedidentity:UserAssignedIdentity":
        return { name, clientId: `${name}-client`, principalId: `${name}-principal` };
      case "azure-native:network:PublicIPAddress":
        return { name, ipAddress: "20.1.2.3" };
      case "azure-native:storage:StorageAccount":
        return { name: inputs.accountName };
      case "random:index/randomString:RandomString":
        return { result: "abcd1234" };
      default:
        return { name };
    }
  },
  calls: {
    "azure-native:authorization:getClientConfig": {
      clientId: "44444444-4444-4444-4444-444444444444",
      objectId: "55555555-5555-5555-5555-555555555555",
      subscriptionId,
      tenantId,
    },
    "azure-native:containerservice:listManagedClusterUserCredentials": {
      kubeconfigs: [
        { name: "clusterUser", value: Buffer.from(azureKubeconfig).toString("base64") },
      ],
    },
  },
};
