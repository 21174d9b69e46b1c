/**
 * The native sidecar that ships a Ray pod's logs into the lake before the pod is gone: what a
 * manifest writes, the policies check and the image reads.
 */
export const offloaderSidecar = {
  /** Name of the init container, and of its port. */
  name: "log-offloader",
  /** emptyDir with a `sizeLimit`, mounted in the Ray container and in the sidecar. */
  volume: "ray-logs",
  /** Ray's temporary directory. */
  mountPath: "/tmp/ray",
  /** Where the sidecar keeps what it has read: on the volume, so that it outlives its container. */
  stateDirectory: "/tmp/ray/.log-offloader",
  /** Probes and metrics. */
  port: 9464,
  /** For its last upload; the pod's `terminationGracePeriodSeconds` is at least this. */
  gracePeriodSeconds: 120,
} as const;

/** Role of a Ray node, as its sidecar is told. */
export const rayRoles = ["head", "worker"] as const;
