import { lakeKeyVariables } from "@mlplatform/contracts/environment";
import { S3Addressing, type S3Connection } from "../connections";
import type { Placement } from "../kubernetes/placement";
import { spreadConstraints } from "../kubernetes/pod";
import { databaseUser, trackingDatabase } from "./mlflowDatabase";

/** Name of the CloudNativePG cluster; its primary answers at `<name>-rw`. */
export const clusterName = "mlflow-db";

/** Secret with the owner's name and password, which the cluster takes as it is. */
export const databaseSecretName = "mlflow-database";

/** Name of the ObjectStore that the cluster archives to. */
export const backupName = "mlflow-db-backups";

/**
 * A commit waits for one standby, so that a failover loses no run; while none is healthy it does
 * not, so that the loss of a node stops nobody.
 */
const oneStandby = { method: "any", number: 1, dataDurability: "preferred" };

/** What the specification of the cluster is computed from. */
export interface ClusterSpecInput {
  image: string;
  instances: number;
  storageGiB: number;
  storageClass?: string;
  placement: Placement;
}

/** Specification of a `postgresql.cnpg.io/v1` Cluster (CRD of CloudNativePG 1.30.0). */
export function clusterSpec(input: ClusterSpecInput): Record<string, unknown> {
  const volume = (sizeGiB: number) => ({
    size: `${sizeGiB}Gi`,
    ...(input.storageClass ? { storageClass: input.storageClass } : {}),
  });
  return {
    instances: input.instances,
    // The operator's budget keeps the one primary: no eviction of it is ever allowed, and AKS gives
    // up the upgrade of its node. Ours over all instances takes its place; the standby takes over.
    enablePDB: false,
    imageName: input.image,
    storage: volume(input.storageGiB),
    // Apart from the data, so that a stuck archive cannot fill the disk under the tables.
    walStorage: volume(Math.max(2, Math.ceil(input.storageGiB / 4))),
    bootstrap: {
      initdb: {
        database: trackingDatabase,
        owner: databaseUser,
        secret: { name: databaseSecretName },
        dataChecksums: true,
      },
    },
    postgresql: {
      parameters: { max_connections: "200", shared_buffers: "256MB" },
      ...(input.instances > 1 ? { synchronous: oneStandby } : {}),
    },
    resources: { requests: { cpu: "250m", memory: "1Gi" }, limits: { memory: "1Gi" } },
    affinity: {
      enablePodAntiAffinity: true,
      podAntiAffinityType: "preferred",
      topologyKey: "kubernetes.io/hostname",
      nodeSelector: input.placement.nodeSelector,
      tolerations: input.placement.tolerations,
    },
    ...(input.instances > 1
      ? { topologySpreadConstraints: spreadConstraints({ "cnpg.io/cluster": clusterName }) }
      : {}),
    plugins: [
      {
        name: "barman-cloud.cloudnative-pg.io",
        isWALArchiver: true,
        parameters: { barmanObjectName: backupName },
      },
    ],
  };
}

/**
 * Specification of a `barmancloud.cnpg.io/v1` ObjectStore: where base backups and WAL go, and how
 * long a backup can still be restored.
 */
export function objectStoreSpec(
  lake: S3Connection,
  backupRetentionDays: number,
): Record<string, unknown> {
  if (lake.addressing !== S3Addressing.Path) {
    throw new Error(
      `MlflowStack: \`lake\` must be addressed by path for the backups of CloudNativePG, got ` +
        `"${lake.addressing}". The backup plugin knows no other way; use a store that takes ` +
        `paths, or database azureFlexibleServer.`,
    );
  }
  const fromSecret = (key: string) => ({ name: lake.secretName, key });
  return {
    retentionPolicy: `${backupRetentionDays}d`,
    configuration: {
      // Without a slash at its end: barman adds one, and MinIO refuses to list a path with two.
      destinationPath: `s3://${lake.bucket}/mlflow`,
      endpointURL: lake.endpoint,
      s3Credentials: {
        accessKeyId: fromSecret(lakeKeyVariables.accessKeyId),
        secretAccessKey: fromSecret(lakeKeyVariables.secretAccessKey),
      },
      wal: { compression: "gzip" },
      data: { compression: "gzip" },
    },
    instanceSidecarConfiguration: {
      env: [{ name: "AWS_DEFAULT_REGION", value: lake.region }],
      resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    },
  };
}
