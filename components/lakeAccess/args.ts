import type * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";
import type { Placement } from "../kubernetes/placement";

/** What a consumer may do under a prefix of the lake. */
export enum LakePermission {
  /** Read and list objects. */
  Read = "read",
  /** Put objects, also in parts; neither read, list nor delete. */
  Write = "write",
  /** Read, list, put and delete objects. */
  ReadWrite = "readWrite",
}

/** One prefix of the bucket that a consumer is granted. */
export interface LakeGrant {
  /** Key prefix that ends in `/`, e.g. `raylogs/`; empty for the whole bucket. */
  prefix: string;
  /** What the consumer may do there. */
  permission: LakePermission;
}

/** Arguments of {@link LakeAccess}. */
export interface LakeAccessArgs {
  /**
   * The bucket to be granted, as `DataLake` returns it; another bucket of the lake by its `bucket`.
   */
  lake: pulumi.Input<S3Connection>;
  /** Namespace of the consumer, where its Secret is made. */
  namespace: pulumi.Input<string>;
  /**
   * Name of that Secret.
   * @default "lake-credentials"
   */
  secretName?: string;
  /** What the consumer may do, by prefix. Nothing else is allowed. */
  grants: LakeGrant[];
  /** @default - any node */
  placement?: Placement;
}
