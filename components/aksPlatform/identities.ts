import * as authorization from "@pulumi/azure-native/authorization";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import type * as pulumi from "@pulumi/pulumi";
import type { AzureScope } from "../azure/scope";
import { assignRegistryRight, RegistryRight } from "../azure/registryRoles";
import { assignRole, AzureRole } from "../azure/roles";

/** The identities of a cluster, and the rights that must exist before it. */
export interface ClusterIdentities {
  /** Acts for the control plane: joins subnets, makes load balancers. */
  controlPlane: managedidentity.UserAssignedIdentity;
  /** Acts for the nodes: pulls images. */
  kubelet: managedidentity.UserAssignedIdentity;
  /** Assignments that creating the cluster needs. */
  assignments: authorization.RoleAssignment[];
}

/** What the identities get rights on. */
export interface IdentityTargets {
  subscriptionId: pulumi.Output<string>;
  /** What the control plane joins: the subnet of the nodes, or the whole network. */
  joinedNetworkId: pulumi.Output<string>;
  registryId: pulumi.Output<string>;
}

/** Makes the two identities, each with no more than its duty. */
export function createIdentities(
  scope: AzureScope,
  { subscriptionId, joinedNetworkId, registryId }: IdentityTargets,
): ClusterIdentities {
  const { name, resourceGroupName, location, tags, child } = scope;
  const identity = { resourceGroupName, location, tags };
  const controlPlane = new managedidentity.UserAssignedIdentity(
    `${name}-control-plane`,
    identity,
    child,
  );
  const kubelet = new managedidentity.UserAssignedIdentity(`${name}-kubelet`, identity, child);
  const rights = [
    {
      to: controlPlane,
      may: "join-nodes",
      role: AzureRole.NetworkContributor,
      on: joinedNetworkId,
    },
    {
      to: controlPlane,
      may: "use-kubelet",
      role: AzureRole.ManagedIdentityOperator,
      on: kubelet.id,
    },
  ];
  const assignments = rights.map(({ to, may, role, on }) =>
    assignRole({
      ...scope,
      name: `${name}-${may}`,
      role,
      subscriptionId,
      principalId: to.principalId,
      on,
    }),
  );
  const pulling = assignRegistryRight(
    {
      ...scope,
      name: `${name}-pull-images`,
      subscriptionId,
      principalId: kubelet.principalId,
      on: registryId,
    },
    RegistryRight.Pull,
  );
  return { controlPlane, kubelet, assignments: [...assignments, ...pulling] };
}

/** Groups that get a right in a cluster. */
export interface ClusterGroups {
  clusterId: pulumi.Output<string>;
  subscriptionId: pulumi.Output<string>;
  groupObjectIds: string[];
}

/** Lets each group fetch a kubeconfig. */
export function admitUsers(
  scope: AzureScope,
  { clusterId, subscriptionId, groupObjectIds }: ClusterGroups,
): void {
  for (const group of groupObjectIds) {
    assignRole({
      ...scope,
      name: `${scope.name}-user-${group}`,
      role: AzureRole.AksClusterUser,
      subscriptionId,
      principalId: group,
      principalType: authorization.PrincipalType.Group,
      on: clusterId,
    });
  }
}

/** Lets each group administer the cluster. Kubernetes asks Azure for every right. */
export function assignAdministrators(
  scope: AzureScope,
  { clusterId, subscriptionId, groupObjectIds }: ClusterGroups,
): authorization.RoleAssignment[] {
  return groupObjectIds.map((group) =>
    assignRole({
      ...scope,
      name: `${scope.name}-administrators-${group}`,
      role: AzureRole.AksRbacClusterAdmin,
      subscriptionId,
      principalId: group,
      principalType: authorization.PrincipalType.Group,
      on: clusterId,
    }),
  );
}
