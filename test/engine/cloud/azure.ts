import { createHash } from "node:crypto";
import { type Wire, type WireObject, isObject } from "../../../preview/engine/values/wire";
import { pathProperties, pathValues } from "../standIn/azureNative";
import type { PropertyType } from "../standIn/declarations";
import { withReadOnly } from "../standIn/readOnly";
import type { ResourceSchema, SdkSchema } from "../standIn/sdkSchema";
import { type CloudResource, type Service, ServiceRefusal } from "./service";

/** The account that the stand-in's caller is signed in to. */
export const account = {
  clientId: "5a1bdb6f-4c6e-4a39-9d0c-0d3c6c1f2a41",
  objectId: "9c0b8f0e-2f0a-4f1e-8f69-3f7d1f6b7f52",
  subscriptionId: "3f4c9d0a-7a61-4a0e-b0a7-5d6b8c2e1f93",
  tenantId: "c2d9f7a4-1e58-4b7d-9a36-8e0f2b4d6c15",
};

/**
 * Resources that one request at a time may write below their parent: the last but one of their
 * path.
 * Sources: Azure/azure-postgresql#134 (databases), Azure/telescope#1213 (agent pools),
 * pulumi-azure-native#4421 (credentials); subnets as the resource manager's documents say.
 */
const serialWriters: Record<string, string> = {
  "azure-native:dbforpostgresql:Database": "ServerIsBusy",
  "azure-native:containerservice:AgentPool": "OperationNotAllowed",
  "azure-native:managedidentity:FederatedIdentityCredential":
    "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
  "azure-native:network:Subnet": "AnotherOperationInProgress",
};

/** What can't go while something stands on it, and how Azure words that. */
const heldWhileUsed: Record<string, string> = {
  "azure-native:network:Subnet": "InUseSubnetCannotBeDeleted",
  "azure-native:network:NatGateway": "InUseNatGatewayCannotBeDeleted",
  "azure-native:network:NetworkSecurityGroup": "InUseNetworkSecurityGroupCannotBeDeleted",
  "azure-native:network:PublicIPAddress": "PublicIPAddressCannotBeDeleted",
};

/** How long a role assignment is there without being in effect: minutes, of Azure itself. */
const spreadMs = 3_000;

const zeroGuid = /^0{8}-(0{4}-){3}0{4}[0-9a-f]{8}$/;

/** Azure's resource manager, in memory. */
export class Azure implements Service {
  readonly resources = new Map<string, CloudResource>();
  /** When each role was assigned, by the assignment's id. */
  readonly #assignedAt = new Map<string, number>();

  constructor(
    private readonly sdk: SdkSchema,
    private readonly kubeconfig: string,
    private readonly now = () => new Date(),
  ) {}

  create(type: string, inputs: WireObject): CloudResource {
    const schema = this.sdk.resource(type);
    const id = idOf(type, schema, inputs);
    if (this.resources.has(id.toLowerCase())) {
      throw new ServiceRefusal(409, "Conflict", `${id} exists already.`);
    }
    this.#findParents(type, schema, inputs, id);
    this.#findReferences(inputs, id);
    if (type.endsWith(":RoleAssignment")) {
      this.#checkAssignment(inputs);
    }
    if (type.endsWith(":Budget")) {
      this.#checkBudget(inputs);
    }
    if (type.endsWith(":ManagedCluster")) {
      this.#checkRights(inputs);
    }
    if (type.endsWith(":RoleAssignment")) {
      this.#assignedAt.set(id, performance.now());
    }
    return { type, id, inputs, outputs: this.#outputs(type, schema, inputs, id) };
  }

  update({ type, id }: CloudResource, inputs: WireObject): CloudResource {
    this.#findReferences(inputs, id);
    const schema = this.sdk.resource(type);
    return { type, id, inputs, outputs: this.#outputs(type, schema, inputs, id) };
  }

  remove({ type, id }: CloudResource): void {
    const code = heldWhileUsed[type];
    if (code) {
      const users = [...this.resources.values()]
        .filter((other) => other.id !== id && !other.id.startsWith(`${id}/`))
        .filter(({ inputs }) => texts(inputs).some((text) => isIdOf(text, id)));
      if (users.length > 0) {
        const names = users.map((user) => user.id).join(", ");
        throw new ServiceRefusal(400, code, `${id} is in use by ${names}.`);
      }
    }
    // What is inside of it goes with it.
    for (const other of [...this.resources.keys()]) {
      if (other.startsWith(`${id.toLowerCase()}/`)) {
        this.resources.delete(other);
      }
    }
  }

  invoke(token: string, args: WireObject): WireObject {
    if (token === "azure-native:authorization:getClientConfig") {
      return { ...account };
    }
    if (token === "azure-native:containerservice:listManagedClusterUserCredentials") {
      const { resourceGroupName, resourceName } = args;
      const cluster = [...this.resources.values()].find(
        ({ type, inputs }) =>
          type === "azure-native:containerservice:ManagedCluster" &&
          inputs.resourceGroupName === resourceGroupName &&
          inputs.resourceName === resourceName,
      );
      if (!cluster) {
        throw new ServiceRefusal(404, "ResourceNotFound", `no cluster ${String(resourceName)}.`);
      }
      const value = Buffer.from(this.kubeconfig).toString("base64");
      return { kubeconfigs: [{ name: "clusterUser", value }] };
    }
    throw new ServiceRefusal(501, "NotImplemented", `the stand-in of Azure has no ${token}.`);
  }

  writerOf(type: string, inputs: WireObject): string | undefined {
    if (!(type in serialWriters)) {
      return undefined;
    }
    const path = pathValues(type, this.sdk.resource(type), inputs);
    return `${type} ${path.slice(0, -1).join("/")}`;
  }

  busy(type: string): ServiceRefusal {
    const code = serialWriters[type]!;
    return new ServiceRefusal(409, code, "Another operation on the parent is in progress.");
  }

  /** The group, and whatever else the path goes through, exist. */
  #findParents(type: string, schema: ResourceSchema, inputs: WireObject, id: string): void {
    const group = inputs.resourceGroupName;
    const module = moduleOf(type);
    if (typeof group === "string" && !type.endsWith(":ResourceGroup")) {
      if (!this.resources.has(groupId(group).toLowerCase())) {
        const message = `Resource group '${group}' could not be found.`;
        throw new ServiceRefusal(404, "ResourceGroupNotFound", message);
      }
    }
    const path = pathValues(type, schema, inputs);
    for (let length = 2; length < path.length; length++) {
      const parent = path.slice(0, length);
      const found = [...this.resources.values()].some(
        (other) =>
          moduleOf(other.type) === module &&
          pathOf(other, this.sdk).join("/").toLowerCase() === parent.join("/").toLowerCase(),
      );
      if (!found && typeof group === "string") {
        const message = `Parent ${parent.join("/")} of ${id} was not found.`;
        throw new ServiceRefusal(404, "ParentResourceNotFound", message);
      }
    }
  }

  /** Every id among the arguments is that of something that exists. */
  #findReferences(inputs: WireObject, id: string): void {
    for (const text of texts(inputs)) {
      if (!/^\/subscriptions\/[^/]+\/resourceGroups\//i.test(text)) {
        continue;
      }
      if (isIdOf(text, id) || /\/roleDefinitions\//i.test(text)) {
        continue;
      }
      // Every id in a group begins with the group's.
      const named = (other: CloudResource) =>
        other.type.endsWith(":ResourceGroup")
          ? text.toLowerCase() === other.id.toLowerCase()
          : isIdOf(text, other.id);
      if (![...this.resources.values()].some(named)) {
        const message = `Resource ${text} referenced by ${id} was not found.`;
        throw new ServiceRefusal(400, "InvalidResourceReference", message);
      }
    }
  }

  /**
   * Sources: azurerm#28694 (the trio decides, whatever the name), azurerm#4168 (who it is for
   * exists).
   */
  #checkAssignment(inputs: WireObject): void {
    const trio = ({ principalId, roleDefinitionId, scope }: WireObject) =>
      [principalId, roleDefinitionId, scope].join(" ").toLowerCase();
    for (const other of this.resources.values()) {
      if (other.type.endsWith(":RoleAssignment") && trio(other.inputs) === trio(inputs)) {
        const message = "The role assignment already exists.";
        throw new ServiceRefusal(409, "RoleAssignmentExists", message);
      }
    }
    const principal = String(inputs.principalId);
    if (zeroGuid.test(principal)) {
      const message = `Principal ${principal} does not exist in the directory ${account.tenantId}.`;
      throw new ServiceRefusal(400, "PrincipalNotFound", message);
    }
  }

  /**
   * AKS tries out the rights of the identities. Source: aztfmod/terraform-azurerm-caf#928, where
   * the assignment was there and the cluster refused.
   */
  #checkRights({ identityProfile }: WireObject): void {
    const { kubeletidentity } = identityProfile as Record<string, WireObject>;
    const kubelet = String(kubeletidentity!.resourceId);
    const rights = [...this.resources.values()].filter(
      ({ type, inputs }) =>
        type.endsWith(":RoleAssignment") && isIdOf(String(inputs.scope), kubelet),
    );
    const isInEffect = ({ id }: CloudResource) =>
      performance.now() - (this.#assignedAt.get(id) ?? -Infinity) > spreadMs;
    if (!rights.some(isInEffect)) {
      throw new ServiceRefusal(
        400,
        "CustomKubeletIdentityMissingPermissionError",
        `The cluster user assigned identity must be given permission to assign kubelet identity ` +
          `${kubelet}. Check access result not allowed.`,
      );
    }
  }

  /** Source: Microsoft Learn, ConsumptionBudgetData.TimePeriod. */
  #checkBudget(inputs: WireObject): void {
    const start = new Date(String((inputs.timePeriod as WireObject).startDate));
    const now = this.now();
    const month = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth();
    const wrong =
      Number.isNaN(start.getTime()) || start.getUTCDate() !== 1
        ? "must be the first of a month"
        : month(start) < month(now) || month(start) > month(now) + 12
          ? "must lie in the current month or in the next twelve"
          : undefined;
    if (wrong) {
      throw new ServiceRefusal(400, "400", `Start date ${wrong}.`);
    }
  }

  #outputs(type: string, schema: ResourceSchema, inputs: WireObject, id: string): WireObject {
    const path = pathValues(type, schema, inputs);
    const outputs = withReadOnly(this.sdk, schema, inputs, (at, property) =>
      filled(`${id} ${at.join(".")}`, at.at(-1)!, property),
    );
    const fixed: WireObject = {
      name: path.at(-1)!,
      type: `Microsoft.${moduleOf(type)}/${type.split(":")[2]}`,
      azureApiVersion: schema.apiVersion ?? "",
      provisioningState: "Succeeded",
      tenantId: account.tenantId,
    };
    // Optional in the SDK, and yet there at once.
    // Source: Azure's "Public IP addresses", static ones.
    if (type.endsWith(":PublicIPAddress") && inputs.publicIPAllocationMethod === "Static") {
      outputs.ipAddress ??= `20.61.${id.length % 256}.10`;
    }
    for (const key of Object.keys(fixed)) {
      if (schema.readOnly.includes(key) && outputs[key] !== undefined) {
        outputs[key] = fixed[key]!;
      }
    }
    return outputs;
  }
}

/** A value in the form that its name asks for, the same for the same resource. */
function filled(seed: string, key: string, type: PropertyType): Wire {
  const hash = createHash("sha256").update(seed).digest("hex");
  if (type.kind === "number") {
    return Number.parseInt(hash.slice(0, 4), 16);
  }
  if (type.kind === "boolean") {
    return false;
  }
  if (/url$|endpoint$|^(blob|dfs|file|queue|table|web)$/i.test(key)) {
    return `https://${hash.slice(0, 12)}.azure.mlplatform.test/`;
  }
  if (/fqdn$|domainName$|loginServer$/i.test(key)) {
    return `${hash.slice(0, 12)}.mlplatform.test`;
  }
  if (/^(principal|client|tenant|object|customer)Id$|guid$/i.test(key)) {
    return [8, 4, 4, 4, 12].map((length, at) => hash.slice(at * 12, at * 12 + length)).join("-");
  }
  return `${key}-${hash.slice(0, 8)}`;
}

const moduleOf = (type: string) => type.split(":")[1]!;
const groupId = (name: string) => `/subscriptions/${account.subscriptionId}/resourceGroups/${name}`;

/** The id: the path, with each value behind the property that it is of. */
function idOf(type: string, schema: ResourceSchema, inputs: WireObject): string {
  const values = pathValues(type, schema, inputs);
  const properties = pathProperties(type, schema);
  const scope = ["scope", "resourceUri"].includes(properties[0]!) ? values[0]! : undefined;
  const inGroup = properties[0] === "resourceGroupName";
  const base =
    scope ?? (inGroup ? groupId(values[0]!) : `/subscriptions/${account.subscriptionId}`);
  if (type.endsWith(":ResourceGroup")) {
    return groupId(values[0]!);
  }
  const rest = scope !== undefined || inGroup ? values.slice(1) : values;
  const parents = rest.slice(0, -1).map((value) => `${value}/`);
  const kind = type.split(":")[2]!;
  // What lies in something has the other's id in front of its own.
  const inside = parents.length > 0 ? ownersOf[kind] : undefined;
  const owner = inside ? `${inside}/${parents.join("")}` : parents.join("");
  return `${base}/providers/Microsoft.${moduleOf(type)}/${owner}${kind}/${rest.at(-1)}`;
}

/** Types that others lie in, by the type inside. */
const ownersOf: Record<string, string> = {
  AgentPool: "ManagedCluster",
  MaintenanceConfiguration: "ManagedCluster",
  FederatedIdentityCredential: "UserAssignedIdentity",
  Subnet: "VirtualNetwork",
  BlobContainer: "StorageAccount",
  ManagementPolicy: "StorageAccount",
  Database: "Server",
  Configuration: "Server",
};

const pathOf = ({ type, inputs }: CloudResource, sdk: SdkSchema) =>
  pathValues(type, sdk.resource(type), inputs);

/** True for an id and for that of something inside of it. */
const isIdOf = (text: string, id: string) =>
  text.toLowerCase() === id.toLowerCase() || text.toLowerCase().startsWith(`${id.toLowerCase()}/`);

function texts(value: Wire): string[] {
  if (typeof value === "string") {
    return [value];
  }
  if (Array.isArray(value)) {
    return value.flatMap(texts);
  }
  // Identities are referred to by keys.
  return isObject(value) ? [...Object.keys(value), ...Object.values(value).flatMap(texts)] : [];
}
