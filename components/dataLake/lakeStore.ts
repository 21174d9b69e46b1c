import type * as pulumi from "@pulumi/pulumi";
import type { AzureFoundation, ChartReference } from "../connections";
import type { Placement } from "../kubernetes/placement";

/** What every kind of store is made from. Checked before a store sees it. */
export interface LakeStoreSettings {
  /** Namespace that the store lives in. */
  namespace: pulumi.Output<string>;
  image: string;
  clientImage: string;
  replicas: number;
  storageGiB: number;
  storageClass?: string;
  /** The first one is the lake. */
  buckets: string[];
  rawLogRetentionDays: number;
  seaweedfsChart?: ChartReference;
  azure?: pulumi.Input<AzureFoundation>;
  helmValues?: Record<string, any>;
  placement?: Placement;
  tags: Record<string, string>;
  /** Kept on delete and protected. */
  protectData: boolean;
}

/** What a kind of store hands back. */
export interface LakeStore {
  /** Base URL of the S3 service. Resolves when the service exists. */
  endpoint: pulumi.Output<string>;
  /** Region that clients sign with. */
  region: string;
  /** Resources after which every bucket exists. */
  ready: pulumi.Resource[];
}

/**
 * Name of the administrator of the store; its key is a RandomPassword in the Secret `lake-admin`.
 */
export const administrator = "lakeadmin";
