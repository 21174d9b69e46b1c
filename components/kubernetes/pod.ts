import type * as k8s from "@pulumi/kubernetes";
import { anywhere, type Placement } from "./placement";

/** The parts of a pod that the `restricted` standard and the placement decide. */
export function restrictedPodSpec(
  uid: number,
  placement: Placement = anywhere,
): Pick<
  k8s.types.input.core.v1.PodSpec,
  "automountServiceAccountToken" | "nodeSelector" | "securityContext" | "tolerations"
> {
  return {
    automountServiceAccountToken: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: uid,
      fsGroup: uid,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    nodeSelector: placement.nodeSelector,
    tolerations: placement.tolerations,
  };
}

/** Security context of a container that needs no privilege and writes only to its mounts. */
export const restrictedContainer: k8s.types.input.core.v1.SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/**
 * Keeps replicas of one workload apart: zones first, then nodes, without blocking a small cluster.
 */
export function spreadConstraints(
  matchLabels: Record<string, string>,
): k8s.types.input.core.v1.TopologySpreadConstraint[] {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
  }));
}
