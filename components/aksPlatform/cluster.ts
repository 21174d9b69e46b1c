import * as containerservice from "@pulumi/azure-native/containerservice";
import type * as pulumi from "@pulumi/pulumi";
import { NodePoolKind } from "../connections";
import { azureName } from "../azure/names";
import { retryUntilRightsWork } from "../azure/rightsInEffect";
import type { ClusterIdentities } from "./identities";
import type { PlatformNetwork } from "./network";
import { type PlannedPool, poolName, poolSettings } from "./nodePools";
import { AksTier } from "./args";
import type { AzureScope } from "../azure/scope";
import type { AksPlatformSettings } from "./normalize";

/** What a cluster is made in and with. */
export interface ClusterSurroundings {
  network: PlatformNetwork;
  identities: ClusterIdentities;
  tenantId: pulumi.Output<string>;
  /** Resource group that AKS makes for nodes, disks and load balancers. */
  nodeResourceGroup: pulumi.Output<string>;
}

/** Makes the cluster with its system pool. */
export function createCluster(
  scope: AzureScope,
  args: AksPlatformSettings,
  { network, identities, tenantId, nodeResourceGroup }: ClusterSurroundings,
): containerservice.ManagedCluster {
  const { name, resourceGroupName, location, tags, stateful } = scope;
  const { controlPlane, kubelet, assignments } = identities;
  const { tier } = args;
  return new containerservice.ManagedCluster(
    `${name}-cluster`,
    {
      resourceGroupName,
      location,
      tags,
      dnsPrefix: azureName("dnsPrefix", name),
      kubernetesVersion: args.kubernetesVersion,
      nodeResourceGroup,
      sku: { name: "Base", tier },
      // Azure sells the Premium tier for long-term support and refuses one without the other.
      supportPlan: tier === AksTier.Premium ? "AKSLongTermSupport" : "KubernetesOfficial",
      identity: { type: "UserAssigned", userAssignedIdentities: [controlPlane.id] },
      identityProfile: {
        kubeletidentity: {
          resourceId: kubelet.id,
          clientId: kubelet.clientId,
          objectId: kubelet.principalId,
        },
      },
      enableRBAC: true,
      disableLocalAccounts: true,
      aadProfile: {
        managed: true,
        enableAzureRBAC: true,
        adminGroupObjectIDs: args.adminGroupObjectIds,
        tenantID: tenantId,
      },
      oidcIssuerProfile: { enabled: true },
      securityProfile: {
        workloadIdentity: { enabled: true },
        imageCleaner: { enabled: true, intervalHours: 168 },
      },
      apiServerAccessProfile: args.privateCluster
        ? {
            enablePrivateCluster: true,
            enablePrivateClusterPublicFQDN: false,
            privateDNSZone: "system",
            // `az aks command invoke` is a way around the network.
            disableRunCommand: true,
          }
        : {
            // Nodes reach a public API server through the NAT gateway; AKS adds only the
            // addresses of its own load balancer by itself.
            authorizedIPRanges: [...args.authorizedIpRanges, network.egressRange],
          },
      networkProfile: {
        networkPlugin: "azure",
        networkPluginMode: "overlay",
        // Not Cilium: the self-managed Istio needs settings in it that AKS does not expose. Not
        // Azure's own policy engine: it ends in 2028 and at 250 nodes.
        networkDataplane: "azure",
        networkPolicy: "calico",
        podCidr: args.network.podCidr,
        serviceCidr: args.network.serviceCidr,
        dnsServiceIP: args.network.dnsServiceIp,
        loadBalancerSku: "standard",
        outboundType: "userAssignedNATGateway",
      },
      autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
      autoScalerProfile: {
        expander: "least-waste",
        scaleDownUnneededTime: "10m",
        // Ray and model pods have emptyDir volumes; with "true" their nodes would never go.
        skipNodesWithLocalStorage: "false",
      },
      // Prometheus runs in the cluster.
      azureMonitorProfile: { metrics: { enabled: false } },
      metricsProfile: { costAnalysis: { enabled: tier !== AksTier.Free } },
      storageProfile: {
        diskCSIDriver: { enabled: true },
        fileCSIDriver: { enabled: true },
        snapshotController: { enabled: true },
      },
      agentPoolProfiles: [
        {
          name: poolName(NodePoolKind.System),
          ...poolSettings(NodePoolKind.System, args.systemPool),
          vnetSubnetID: network.nodeSubnetId,
          tags,
        },
      ],
    },
    {
      ...stateful,
      // AKS proves the rights of both identities while it creates the cluster, and they are in
      // effect some time after they are there.
      dependsOn: assignments,
      hooks: { onError: [retryUntilRightsWork(`${name}-rights`)] },
      // Azure takes this list at creation only; later it holds every pool, and the autoscaler
      // changes their counts. Sending ours again would scale or remove pools (azure-native 4264).
      ignoreChanges: ["agentPoolProfiles"],
    },
  );
}

/** What the pools beside the system pool are made from. */
export interface UserPoolSettings {
  pools: PlannedPool[];
  kubernetesVersion: string;
  nodeSubnetId: pulumi.Output<string>;
}

/** Makes the pools beside the system pool. Each starts empty. */
export function createUserPools(
  { name, resourceGroupName, tags, child }: AzureScope,
  cluster: containerservice.ManagedCluster,
  { pools, kubernetesVersion, nodeSubnetId }: UserPoolSettings,
): containerservice.AgentPool[] {
  const made: containerservice.AgentPool[] = [];
  for (const { kind, pool } of pools.filter((one) => one.kind !== NodePoolKind.System)) {
    made.push(
      new containerservice.AgentPool(
        `${name}-pool-${kind}`,
        {
          resourceGroupName,
          resourceName: cluster.name,
          agentPoolName: poolName(kind),
          ...poolSettings(kind, pool),
          orchestratorVersion: kubernetesVersion,
          vnetSubnetID: nodeSubnetId,
          tags,
        },
        {
          ...child,
          // One after the other: AKS refuses a second write to a cluster's pools, and the provider
          // does not try again.
          dependsOn: made.slice(-1),
          // The autoscaler owns the number of nodes; ours is where it started.
          ignoreChanges: ["count"],
          // Two pools of a cluster cannot have one name, and pods and taints expect this one.
          deleteBeforeReplace: true,
        },
      ),
    );
  }
  return made;
}

/**
 * Sets the windows for upgrades: node images on Saturday, Kubernetes on Sunday, 01:00 to 07:00 UTC.
 * Without them AKS upgrades at any hour.
 */
export function createMaintenanceWindows(
  { name, resourceGroupName, child }: AzureScope,
  cluster: containerservice.ManagedCluster,
): void {
  const windows = [
    { purpose: "node-upgrades", configName: "aksManagedNodeOSUpgradeSchedule", day: "Saturday" },
    { purpose: "cluster-upgrades", configName: "aksManagedAutoUpgradeSchedule", day: "Sunday" },
  ];
  for (const { purpose, configName, day } of windows) {
    new containerservice.MaintenanceConfiguration(
      `${name}-${purpose}`,
      {
        resourceGroupName,
        resourceName: cluster.name,
        configName,
        maintenanceWindow: {
          durationHours: 6,
          startTime: "01:00",
          utcOffset: "+00:00",
          schedule: { weekly: { dayOfWeek: day, intervalWeeks: 1 } },
        },
      },
      child,
    );
  }
}

/** Issuer of the tokens of ServiceAccounts. Throws where the cluster has none. */
export function requireIssuer(
  name: string,
  profile: { enabled?: boolean; issuerURL?: string } | undefined,
): string {
  if (profile?.issuerURL) {
    return profile.issuerURL;
  }
  throw new Error(
    `AksPlatform "${name}": the cluster has no OIDC issuer, got ` +
      `${JSON.stringify(profile) ?? "nothing"}. ` +
      `Enable it with \`az aks update --enable-oidc-issuer\`, then run \`pulumi refresh\`.`,
  );
}
