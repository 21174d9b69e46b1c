import * as authorization from "@pulumi/azure-native/authorization";
import * as containerservice from "@pulumi/azure-native/containerservice";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation, RegistryConnection } from "../connections";
import { createAuditLogs } from "./auditLogs";
import type { AzureScope } from "../azure/scope";
import { createUniqueSuffix } from "../azure/uniqueSuffix";
import { createBudget } from "./budget";
import { createCluster, createMaintenanceWindows, createUserPools, requireIssuer } from "./cluster";
import { admitUsers, assignAdministrators, createIdentities } from "./identities";
import { kubeconfigFor } from "./kubeconfig";
import { createNetwork } from "./network";
import { plannedPools } from "./nodePools";
import { aksPlatformProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import type { AksPlatformArgs, KubeLogin } from "./args";
import { childOptions, type Scope, statefulOptions } from "../scope";
import { createProjectRegistries, createRegistry } from "./registry";
import { type AksPlatformSettings, normalizeAksPlatform } from "./normalize";

/**
 * A Kubernetes cluster on Azure with what it stands on: network, registry, identities, audit logs
 * and a budget. User pools start from zero nodes; sign-in is by Microsoft Entra only.
 *
 * The deployer needs rights to assign roles in the subscription and, for the kubeconfig, kubelogin
 * on PATH and membership in one of `adminGroupObjectIds`.
 *
 * @example
 * ```ts
 * const core = new AksPlatform("core", {
 *   location: "westeurope",
 *   kubernetesVersion: "1.35",
 *   network: {
 *     vnetCidr: "10.10.0.0/16",
 *     nodeSubnetCidr: "10.10.0.0/20",
 *     databaseSubnetCidr: "10.10.16.0/24",
 *     endpointSubnetCidr: "10.10.17.0/24",
 *     podCidr: "192.168.0.0/16",
 *     serviceCidr: "172.16.0.0/16",
 *     dnsServiceIp: "172.16.0.10",
 *   },
 *   authorizedIpRanges: ["198.51.100.0/24"],
 *   adminGroupObjectIds: ["00000000-0000-0000-0000-000000000000"],
 *   systemPool: { vmSize: "Standard_D4ds_v5", minCount: 2, maxCount: 4 },
 *   cpuPool: { vmSize: "Standard_D8ds_v5", minCount: 0, maxCount: 4 },
 *   budget: { monthlyAmount: 1500, contactEmails: ["ml@example.com"], startDate: "2026-12-01" },
 *   tags: { owner: "ml-platform" },
 * });
 * const kubernetes = new k8s.Provider("cluster", { kubeconfig: core.kubeconfig });
 * ```
 */
export class AksPlatform extends pulumi.ComponentResource {
  /** Kubeconfig that signs in by kubelogin; known once nodes can take pods. A secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** What other components need to make Azure resources beside the cluster. */
  readonly azure: pulumi.Output<AzureFoundation>;
  /** Resource id of the cluster. */
  readonly clusterId: pulumi.Output<string>;
  /** Host of the container registry. */
  readonly registry: pulumi.Output<string>;
  /** Hosts of all registries that the nodes pull from by their identity. */
  readonly registries: pulumi.Output<string[]>;
  /** Registries of the projects, by project. */
  readonly projectRegistries: pulumi.Output<Record<string, RegistryConnection>>;

  /** @throws pulumi.InputPropertiesError naming every argument that cannot be used. */
  constructor(name: string, args: AksPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseProblems("AksPlatform", name, aksPlatformProblems(name, args));
    super("mlplatform:index:AksPlatform", name, args, opts);
    const settings = normalizeAksPlatform(args);

    const { subscriptionId, tenantId } = identifyDeployer(this);
    const group = createResourceGroup({ name, parent: this }, settings);
    const scope = scopeIn(group, { name, parent: this }, settings);
    const uniqueSuffix = createUniqueSuffix({ name: `${name}-unique`, parent: this });
    const nodeResourceGroup = pulumi.interpolate`${group.name}-nodes`;
    const pools = plannedPools(settings);

    const network = createNetwork(scope, settings.network);
    const registry = createRegistry(scope, uniqueSuffix, settings);
    const targets = {
      subscriptionId,
      // A private API server's zone is linked to the whole network.
      joinedNetworkId: settings.privateCluster ? network.virtualNetworkId : network.nodeSubnetId,
      registryId: registry.id,
    };
    const identities = createIdentities(scope, targets);
    const surroundings = { network, identities, tenantId, nodeResourceGroup };
    const cluster = createCluster(scope, settings, surroundings);
    const userPools = createUserPools(scope, cluster, {
      pools,
      kubernetesVersion: settings.kubernetesVersion,
      nodeSubnetId: network.nodeSubnetId,
    });
    createMaintenanceWindows(scope, cluster);
    const administrators = assignAdministrators(scope, {
      clusterId: cluster.id,
      subscriptionId,
      groupObjectIds: settings.adminGroupObjectIds,
    });
    admitUsers(scope, {
      clusterId: cluster.id,
      subscriptionId,
      groupObjectIds: settings.userGroupObjectIds,
    });
    createAuditLogs(scope, { clusterId: cluster.id, uniqueSuffix }, settings);
    createBudget(scope, { subscriptionId, nodeResourceGroup }, settings.budget);

    // With the id: a preview knows the profile as it was sent, without the issuer, but not the id.
    const oidcIssuer = pulumi
      .all([cluster.oidcIssuerProfile, cluster.id])
      .apply(([profile]) => requireIssuer(name, profile));
    // Whoever uses the kubeconfig needs rights in the cluster, and nodes for its pods.
    const usable = [cluster, ...userPools, ...administrators];
    this.kubeconfig = kubeconfigOf({ ...scope, dependsOn: usable }, cluster, {
      tenantId,
      login: settings.kubeLogin,
    });
    this.clusterId = cluster.id;
    this.registry = registry.loginServer;
    this.projectRegistries = createProjectRegistries(scope, settings.projectRegistries, {
      subscriptionId,
      principalId: identities.kubelet.principalId,
    });
    this.registries = pulumi
      .all([registry.loginServer, this.projectRegistries])
      .apply(([shared, own]) => [shared, ...Object.values(own).map(({ host }) => host)]);
    this.azure = pulumi.output({
      resourceGroupName: group.name,
      location: settings.location,
      virtualNetworkId: network.virtualNetworkId,
      databaseSubnetId: network.databaseSubnetId,
      endpointSubnetId: network.endpointSubnetId,
      oidcIssuer,
      clusterId: cluster.id,
      tenantId,
      subscriptionId,
    });
    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      azure: this.azure,
      clusterId: this.clusterId,
      registry: this.registry,
      registries: this.registries,
      projectRegistries: this.projectRegistries,
    });
  }
}

function identifyDeployer(parent: pulumi.Resource) {
  const client = authorization.getClientConfigOutput({ parent });
  return { subscriptionId: client.subscriptionId, tenantId: client.tenantId };
}

function createResourceGroup(scope: Scope, args: AksPlatformSettings): resources.ResourceGroup {
  return new resources.ResourceGroup(
    `${scope.name}-group`,
    { location: args.location, tags: args.tags },
    statefulOptions(scope, args.protectData),
  );
}

function scopeIn(
  group: resources.ResourceGroup,
  scope: Scope,
  { location, tags, protectData }: AksPlatformSettings,
): AzureScope {
  return {
    ...scope,
    location,
    resourceGroupName: group.name,
    tags,
    child: childOptions(scope),
    stateful: statefulOptions(scope, protectData),
  };
}

/** How a program signs in to the cluster. */
interface SignIn {
  tenantId: pulumi.Output<string>;
  login: KubeLogin;
}

function kubeconfigOf(
  { resourceGroupName, parent, dependsOn }: AzureScope,
  cluster: containerservice.ManagedCluster,
  { tenantId, login }: SignIn,
): pulumi.Output<string> {
  const credentials = containerservice.listManagedClusterUserCredentialsOutput(
    { resourceGroupName, resourceName: cluster.name, format: "exec" },
    { parent, dependsOn },
  );
  const kubeconfig = pulumi
    .all([credentials, tenantId])
    .apply(([{ kubeconfigs }, tenant]) => kubeconfigFor({ kubeconfigs, tenantId: tenant, login }));
  return pulumi.secret(kubeconfig);
}
