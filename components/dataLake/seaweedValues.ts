import type { Placement } from "../kubernetes/placement";

/** What the values of the chart are computed from. */
export interface SeaweedValuesInput {
  image: string;
  replicas: number;
  storageGiB: number;
  storageClass?: string;
  placement: Placement;
}

/**
 * Secret with the static identities of the S3 gateway; the chart asks for the key
 * `seaweedfs_s3_config`.
 */
export const seaweedIdentitiesSecret = "seaweedfs-s3-identities";

/**
 * Values of the SeaweedFS chart 4.44.0. Its defaults keep data on the host; every store here is a
 * volume claim. The filer's own index is per replica, so there is one filer.
 */
export function seaweedValues(input: SeaweedValuesInput): Record<string, unknown> {
  const { replicas } = input;
  const claim = (sizeGiB: number) => ({
    type: "persistentVolumeClaim",
    size: `${sizeGiB}Gi`,
    storageClass: input.storageClass ?? "",
  });
  const pods = {
    imageOverride: input.image,
    logs: { type: "emptyDir" },
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "2Gi" } },
    nodeSelector: yamlText(input.placement.nodeSelector),
    tolerations: yamlText(input.placement.tolerations),
    podSecurityContext: {
      enabled: true,
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containerSecurityContext: {
      enabled: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    },
  };
  return {
    global: {
      seaweedfs: {
        enableReplication: replicas > 1,
        replicationPlacement: replicas > 1 ? "001" : "000",
      },
    },
    master: { ...pods, replicas: replicas >= 3 ? 3 : 1, data: claim(5) },
    volume: {
      ...pods,
      replicas,
      dataDirs: [{ name: "data1", ...claim(input.storageGiB), maxVolumes: 0 }],
      // Its Job pulls an image of another publisher and rights to edit claims; sizes change by
      // hand.
      resizeHook: { enabled: false },
    },
    filer: { ...pods, replicas: 1, data: claim(20) },
    s3: {
      ...pods,
      enabled: true,
      replicas: replicas > 1 ? 2 : 1,
      enableAuth: true,
      existingConfigSecret: seaweedIdentitiesSecret,
    },
  };
}

/** The chart takes these as text that it indents itself; JSON is YAML on one line. */
function yamlText(value: Record<string, string> | unknown[]): string {
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
}
