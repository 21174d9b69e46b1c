import { guidOf, hexOf } from "../values/identifiers";
import type { OutputSubject } from "./outputs";
import { isObject, type Wire, type WireObject } from "../values/wire";

/** The account that an offline run pretends to be signed in to. */
export interface AzureAccount {
  subscriptionId: string;
  tenantId: string;
  clientId: string;
  objectId: string;
}

/** From the configuration where it names the account, made up from fixed text where not. */
export function azureAccount(config: Record<string, string>): AzureAccount {
  return {
    subscriptionId: config["azure-native:subscriptionId"] ?? guidOf("offline subscription"),
    tenantId: config["azure-native:tenantId"] ?? guidOf("offline tenant"),
    clientId: config["azure-native:clientId"] ?? guidOf("offline client"),
    objectId: guidOf("offline principal"),
  };
}

/** Names of properties that carry the Azure name of a resource, the most specific first. */
const nameProperties = [
  "roleAssignmentName",
  "federatedIdentityCredentialResourceName",
  "subnetName",
  "virtualNetworkName",
  "agentPoolName",
  "accountName",
  "registryName",
  "vaultName",
  "workspaceName",
  "serverName",
  "containerName",
  "budgetName",
  "configName",
  "resourceName",
  "name",
];

/** Properties that name the resource which one of these is inside of, not the resource itself. */
const ownerProperties: Record<string, string> = {
  AgentPool: "resourceName",
  MaintenanceConfiguration: "resourceName",
  FederatedIdentityCredential: "resourceName",
  Subnet: "virtualNetworkName",
  BlobContainer: "accountName",
  ManagementPolicy: "accountName",
  Database: "serverName",
  Configuration: "serverName",
};

/** The Azure name: as given, or the logical name with a suffix, as auto-naming makes it. */
export function azureName(subject: OutputSubject): string {
  const type = subject.type.split(":").at(-1) ?? "";
  if (type === "ResourceGroup") {
    return text(subject.inputs.resourceGroupName) ?? auto(subject);
  }
  if (type === "RoleAssignment") {
    return text(subject.inputs.roleAssignmentName) ?? guidOf(subject.urn);
  }
  for (const property of nameProperties) {
    if (ownerProperties[type] === property) {
      continue;
    }
    const given = text(subject.inputs[property]);
    if (given !== undefined) {
      return given;
    }
  }
  return auto(subject);
}

function auto(subject: OutputSubject): string {
  return `${subject.name}${hexOf(subject.urn, 8)}`;
}

/** The resource id in Azure's form; the provider namespace follows the SDK's module. */
export function azureId(subject: OutputSubject, account: AzureAccount): string {
  const [, module = "", type = ""] = subject.type.split(":");
  const subscription = `/subscriptions/${account.subscriptionId}`;
  const name = azureName(subject);
  if (type === "ResourceGroup") {
    return `${subscription}/resourceGroups/${name}`;
  }
  const scope = text(subject.inputs.scope) ?? text(subject.inputs.resourceUri);
  const group = text(subject.inputs.resourceGroupName);
  const base = scope ?? (group ? `${subscription}/resourceGroups/${group}` : subscription);
  const kind = `${type.charAt(0).toLowerCase()}${type.slice(1)}s`;
  const owner = parentSegment(type, subject.inputs);
  return `${base}/providers/Microsoft.${module}/${owner}${kind}/${name}`;
}

/** The part of an id that names the resource that this one is inside of. */
function parentSegment(type: string, inputs: WireObject): string {
  const collections: Record<string, string> = {
    resourceName:
      type === "FederatedIdentityCredential" ? "userAssignedIdentities" : "managedClusters",
    virtualNetworkName: "virtualNetworks",
    accountName: "storageAccounts",
    serverName: "flexibleServers",
  };
  const property = ownerProperties[type];
  if (property === undefined) {
    return "";
  }
  return `${collections[property] ?? ""}/${text(inputs[property]) ?? "unnamed"}/`;
}

/** What Azure adds to the inputs of a resource. */
export function azureOutputs(subject: OutputSubject, account: AzureAccount): WireObject {
  const [, module = "", type = ""] = subject.type.split(":");
  const name = azureName(subject);
  const outputs: WireObject = { name, type: `Microsoft.${module}/${type}` };
  return { ...outputs, ...ofType(subject, `${module}:${type}`, name, account) };
}

function ofType(
  subject: OutputSubject,
  type: string,
  name: string,
  account: AzureAccount,
): WireObject {
  const { inputs, urn } = subject;
  const location = text(inputs.location) ?? "westeurope";
  switch (type) {
    case "managedidentity:UserAssignedIdentity":
      return {
        clientId: guidOf(`${urn} client`),
        principalId: guidOf(`${urn} principal`),
        tenantId: account.tenantId,
      };
    case "containerservice:ManagedCluster":
      return managedCluster(subject, name, location, account);
    case "containerregistry:Registry":
      return { loginServer: `${name}.azurecr.io` };
    case "storage:StorageAccount":
      return {
        primaryEndpoints: Object.fromEntries(
          ["blob", "dfs", "file", "queue", "table", "web"].map((service) => [
            service,
            `https://${name}.${service}.core.windows.net/`,
          ]),
        ),
        primaryLocation: location,
      };
    case "operationalinsights:Workspace":
      return { customerId: guidOf(`${urn} workspace`) };
    case "keyvault:Vault":
      return { properties: { vaultUri: `https://${name}.vault.azure.net/` } };
    case "dbforpostgresql:Server":
      return { fullyQualifiedDomainName: `${name}.postgres.database.azure.com` };
    case "network:PublicIPAddress":
      return { ipAddress: `203.0.113.${Number.parseInt(hexOf(urn, 2), 16)}` };
    default:
      return {};
  }
}

function managedCluster(
  subject: OutputSubject,
  name: string,
  location: string,
  account: AzureAccount,
): WireObject {
  const { inputs, urn } = subject;
  const profile = isObject(inputs.oidcIssuerProfile) ? inputs.oidcIssuerProfile : {};
  const issuer = `https://${location}.oic.prod-aks.azure.com/${account.tenantId}/${guidOf(urn)}/`;
  const prefix = text(inputs.dnsPrefix) ?? name;
  const group = text(inputs.resourceGroupName) ?? "group";
  return {
    fqdn: `${prefix}-${hexOf(urn, 8)}.hcp.${location}.azmk8s.io`,
    nodeResourceGroup: `MC_${group}_${name}_${location}`,
    currentKubernetesVersion: text(inputs.kubernetesVersion) ?? "",
    provisioningState: "Succeeded",
    ...(profile.enabled === true ? { oidcIssuerProfile: { issuerURL: issuer } } : {}),
    ...(inputs.identity === undefined
      ? {}
      : {
          identity: {
            principalId: guidOf(`${urn} principal`),
            tenantId: account.tenantId,
          },
        }),
    identityProfile: {
      kubeletidentity: {
        clientId: guidOf(`${urn} kubelet client`),
        objectId: guidOf(`${urn} kubelet principal`),
      },
    },
  };
}

function text(value: Wire | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
