import type * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation, ChartReference, LakeKind } from "../connections";
import type { Placement } from "../kubernetes/placement";

/** Arguments of {@link DataLake}. */
export interface DataLakeArgs {
  /**
   * Which server keeps the lake. A change replaces the store and leaves the data behind.
   * @default LakeKind.Minio
   */
  kind?: LakeKind;
  /** Image of the server: MinIO, SeaweedFS or versitygw. */
  image: string;
  /**
   * Image with a shell and the store's client for provisioning Jobs: `mc`, or `weed` for SeaweedFS.
   */
  clientImage: string;
  /**
   * Servers. MinIO: 1, or 4 to 16 as one erasure set, fixed once it holds data. SeaweedFS: volume
   * servers. Azure Blob: gateways.
   * @default 1
   */
  replicas?: number;
  /**
   * Volume of each server in GiB; claims of a StatefulSet grow only by hand. Azure Blob has none.
   * @default 100
   */
  storageGiB?: number;
  /** @default - the cluster's default storage class */
  storageClass?: string;
  /**
   * Buckets. The first one is the lake; `loki` and `backups` are for Loki and PostgreSQL.
   * @default ["lake", "loki", "backups"]
   */
  buckets?: string[];
  /**
   * Days after which objects under `raylogs/` are deleted.
   * @default 90
   */
  rawLogRetentionDays?: number;
  /** Chart of SeaweedFS; required for that kind. */
  seaweedfsChart?: ChartReference;
  /** Azure beside the cluster; required for Azure Blob. */
  azure?: pulumi.Input<AzureFoundation>;
  /** Merged over the values of the SeaweedFS chart; the other kinds have no chart. */
  helmValues?: Record<string, any>;
  /** @default - any node */
  placement?: Placement;
  /** Tags of the Azure resources: owner, project, environment, costCenter. */
  tags?: Record<string, string>;
  /**
   * Protects namespace and store, and keeps them when they leave the program. `false` lets a
   * destroy delete every object of the lake.
   * @default true
   */
  protectData?: boolean;
}
