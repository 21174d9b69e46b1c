import * as pulumi from "@pulumi/pulumi";
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

/** Where the S3 service of a store answers pods of the cluster. */
export interface StoreService {
  /** Host and port. */
  address: pulumi.Output<string>;
  /** Base URL. */
  endpoint: pulumi.Output<string>;
  /** Port of the pods, which is the Service's too. */
  podPort: number;
}

/** Composes the addresses of a store's Service, which speaks plain HTTP. */
export function storeService(
  name: string,
  namespace: pulumi.Input<string>,
  podPort: number,
): StoreService {
  const address = pulumi.interpolate`${name}.${namespace}.svc.cluster.local:${podPort}`;
  return { address, endpoint: pulumi.interpolate`http://${address}`, podPort };
}

/** What a kind of store hands back. */
export interface LakeStore {
  /** Where the S3 service answers. */
  service: StoreService;
  /** Resources after which every bucket exists. */
  ready: pulumi.Resource[];
}

/**
 * Name of the administrator of the store; its key is a RandomPassword in the Secret `lake-admin`.
 */
export const administrator = "lakeadmin";
