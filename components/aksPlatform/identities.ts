import * as authorization from "@pulumi/azure-native/authorization";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import type * as pulumi from "@pulumi/pulumi";
import type { PlatformScope } from "../azure/scope";
import { AzureRole, roleDefinitionId } from "../azure/roles";

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
  nodeSubnetId: pulumi.Output<string>;
  registryId: pulumi.Output<string>;
}

/** Makes the two identities, each with no more than its duty. */
export function createIdentities(
  scope: PlatformScope,
  { subscriptionId, nodeSubnetId, registryId }: IdentityTargets,
): ClusterIdentities {
  const { name, resourceGroupName, location, tags, child } = scope;
  const identity = { resourceGroupName, location, tags };
  const controlPlane = new managedidentity.UserAssignedIdentity(
    `${name}-control-plane`,
    identity,
    child,
  );
  const kubelet = new managedidentity.UserAssignedIdentity(`${name}-kubelet`, identity, child);
  const grant = (
    purpose: string,
    to: managedidentity.UserAssignedIdentity,
    role: AzureRole,
    on: pulumi.Output<string>,
  ) =>
    new authorization.RoleAssignment(
      `${name}-${purpose}`,
      {
        scope: on,
        principalId: to.principalId,
        // Named, Azure does not look the new identity up before the directory has spread it.
        principalType: "ServicePrincipal",
        roleDefinitionId: subscriptionId.apply((id) => roleDefinitionId(id, role)),
      },
      child,
    );
  return {
    controlPlane,
    kubelet,
    assignments: [
      grant("join-nodes", controlPlane, AzureRole.NetworkContributor, nodeSubnetId),
      grant("use-kubelet", controlPlane, AzureRole.ManagedIdentityOperator, kubelet.id),
      grant("pull-images", kubelet, AzureRole.AcrPull, registryId),
    ],
  };
}

/** Lets each group administer the cluster. Kubernetes asks Azure for every right. */
export function assignAdministrators(
  { name, child }: PlatformScope,
  clusterId: pulumi.Output<string>,
  subscriptionId: pulumi.Output<string>,
  groupObjectIds: string[],
): authorization.RoleAssignment[] {
  return groupObjectIds.map(
    (group) =>
      new authorization.RoleAssignment(
        `${name}-administrators-${group}`,
        {
          scope: clusterId,
          principalId: group,
          principalType: "Group",
          roleDefinitionId: subscriptionId.apply((id) =>
            roleDefinitionId(id, AzureRole.AksRbacClusterAdmin),
          ),
        },
        child,
      ),
  );
}
