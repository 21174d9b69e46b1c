import type { PreviewResource } from "../../../preview/engine/programRun";
import type { EngineState } from "../../../preview/engine/previewStack";
import { unwrapped } from "../../../preview/engine/values/wire";
import { rangeContains, rangesOverlap } from "./shapes";
import { roleOf } from "./inputs";

type Inputs = Record<string, any>;

/** Resources of a type, in the order of registration. */
export function ofType(resources: PreviewResource[], type: string): PreviewResource[] {
  return resources.filter((resource) => resource.type === type);
}

/** What is wrong between Azure resources that are each fine. */
export function relationProblems(resources: PreviewResource[]): string[] {
  return [
    ...addressProblems(resources),
    ...egressProblems(resources),
    ...zoneProblems(resources),
    ...poolProblems(resources),
  ];
}

function addressProblems(resources: PreviewResource[]): string[] {
  const space = inputsOf(resources, "network:VirtualNetwork").addressSpace.addressPrefixes[0];
  const cluster = inputsOf(resources, "containerservice:ManagedCluster").networkProfile;
  const subnets = ofType(resources, "azure-native:network:Subnet");
  const outside = subnets
    .filter(({ inputs }) => !rangeContains(space, (inputs as Inputs).addressPrefix))
    .map(({ name }) => `${name} lies outside the virtual network`);
  const crossing = subnets.flatMap((one, index) =>
    subnets
      .slice(index + 1)
      .filter(({ inputs }) =>
        rangesOverlap((one.inputs as Inputs).addressPrefix, (inputs as Inputs).addressPrefix),
      )
      .map(({ name }) => `${one.name} overlaps ${name}`),
  );
  const clustered = [cluster.podCidr, cluster.serviceCidr]
    .filter((range) => rangesOverlap(space, range))
    .map((range) => `${range} of the cluster overlaps the virtual network`);
  return [...outside, ...crossing, ...clustered];
}

/** The outbound type names a gateway that the nodes' subnet must have, and the reverse. */
function egressProblems(resources: PreviewResource[]): string[] {
  const { outboundType } = inputsOf(resources, "containerservice:ManagedCluster").networkProfile;
  const pools = poolsOf(resources);
  const subnetIds = new Set(pools.map(({ vnetSubnetID }) => vnetSubnetID));
  const nodes = ofType(resources, "azure-native:network:Subnet").filter(({ name }) =>
    [...subnetIds].some((id: string) => id.includes(`/subnets/${name}`)),
  );
  if (subnetIds.size !== 1 || nodes.length !== 1) {
    return ["the pools lie in different subnets"];
  }
  const hasGateway = (nodes[0]!.inputs as Inputs).natGateway !== undefined;
  return (outboundType === "userAssignedNATGateway") === hasGateway
    ? []
    : [`outboundType ${outboundType} and the gateway of ${nodes[0]!.name} do not fit`];
}

/** Where nodes use zones the region has them, and what cannot move later uses them too. */
function zoneProblems(resources: PreviewResource[]): string[] {
  if (!poolsOf(resources).some(({ availabilityZones }) => availabilityZones)) {
    return [];
  }
  return ofType(resources, "azure-native:storage:StorageAccount")
    .filter(({ inputs }) => !/ZRS$/.test((inputs as Inputs).sku.name))
    .map(({ name }) => `${name} lies in one zone although nodes lie in several`);
}

function poolProblems(resources: PreviewResource[]): string[] {
  const names = poolsOf(resources).map(({ name, agentPoolName }) => name ?? agentPoolName);
  const { sku } = inputsOf(resources, "containerservice:ManagedCluster");
  const nodes = poolsOf(resources).reduce((sum, { maxCount }) => sum + maxCount, 0);
  // aks/quotas-skus-regions: nodes of a cluster by tier.
  const most = sku.tier === "Free" ? 1000 : 5000;
  return [
    ...(new Set(names).size < names.length ? ["two pools have one name"] : []),
    ...(nodes > most ? [`${nodes} nodes are more than tier ${sku.tier} takes (${most})`] : []),
  ];
}

function poolsOf(resources: PreviewResource[]): Inputs[] {
  return [
    ...inputsOf(resources, "containerservice:ManagedCluster").agentPoolProfiles,
    ...ofType(resources, "azure-native:containerservice:AgentPool").map(({ inputs }) => inputs),
  ];
}

function inputsOf(resources: PreviewResource[], type: string): Inputs {
  const [found, ...more] = ofType(resources, `azure-native:${type}`);
  if (found === undefined || more.length > 0) {
    throw new Error(`not exactly one ${type}`);
  }
  return found.inputs;
}

/** Who may do what where, as `principal: role on type of resource`. */
export function grants(resources: PreviewResource[], state: EngineState): string[] {
  const byPrincipal = new Map(
    state.resources
      .filter(({ type }) => type === "azure-native:managedidentity:UserAssignedIdentity")
      .map(({ urn, outputs }) => [outputs["principalId"], urn.slice(urn.lastIndexOf(":") + 1)]),
  );
  const scopes = state.resources.map(({ urn, id }) => [id, urn.slice(urn.lastIndexOf(":") + 1)]);
  return ofType(resources, "azure-native:authorization:RoleAssignment").map(({ inputs }) => {
    const { principalId, principalType, roleDefinitionId, scope } = inputs as Inputs;
    const who = principalType === "Group" ? `group ${principalId}` : byPrincipal.get(principalId);
    const where = scopes.find(([id]) => id === scope)?.[1];
    return `${who}: ${roleOf(roleDefinitionId)} on ${where}`;
  });
}

/**
 * Subjects that the program's own ServiceAccounts and GitHub environments have, by the name of the
 * identity that they sign in as.
 */
export function expectedSubjects(
  resources: PreviewResource[],
  state: EngineState,
): Record<string, string> {
  const clientIds = new Map(
    state.resources
      .filter(({ type }) => type === "azure-native:managedidentity:UserAssignedIdentity")
      .map(({ urn, outputs }) => [outputs["clientId"], urn.slice(urn.lastIndexOf(":") + 1)]),
  );
  const subjects: Record<string, string> = {};
  for (const { inputs } of ofType(resources, "kubernetes:core/v1:ServiceAccount")) {
    const { name, namespace, annotations } = (inputs as Inputs).metadata;
    const clientId = annotations?.["azure.workload.identity/client-id"];
    if (clientId === undefined) {
      continue;
    }
    subjects[`${clientIds.get(clientId)}`] = `system:serviceaccount:${namespace}:${name}`;
  }
  const repositoryIds = new Map(
    state.resources
      .filter(({ type }) => type === "github:index/repository:Repository")
      .map(({ outputs }) => [outputs["name"], outputs["repoId"]]),
  );
  // The client id is a secret of the environment, so only the state has it.
  for (const { type, inputs } of state.resources) {
    if (type !== "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret") {
      continue;
    }
    const { environment, repository, secretName, value } = inputs;
    if (secretName !== "AZURE_CLIENT_ID") {
      continue;
    }
    const id = repositoryIds.get(repository);
    const identity = clientIds.get(unwrapped(value ?? null));
    subjects[`${identity}`] = `repository_id:${id}:environment:${environment}`;
  }
  return subjects;
}

/** Subjects that Azure trusts, by the name of the identity. */
export function trustedSubjects(
  resources: PreviewResource[],
  state: EngineState,
): Record<string, string> {
  const names = new Map(
    state.resources
      .filter(({ type }) => type === "azure-native:managedidentity:UserAssignedIdentity")
      .map(({ urn, outputs }) => [outputs["name"], urn.slice(urn.lastIndexOf(":") + 1)]),
  );
  return Object.fromEntries(
    ofType(resources, "azure-native:managedidentity:FederatedIdentityCredential").map(
      ({ inputs }) => {
        const { resourceName, subject } = inputs as Inputs;
        return [`${names.get(resourceName)}`, subject];
      },
    ),
  );
}
