import type * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";
import { LakeAccess } from "../lakeAccess/lakeAccess";
import { LakePermission } from "../lakeAccess/args";
import type { ObservabilityStackArgs } from "./args";

/** What one workload is granted. */
export interface LakeGrantSettings {
  /** Bucket; absent: the lake's own. */
  lake?: pulumi.Input<S3Connection>;
  /** Secret for the workload. */
  secretName: string;
  /** Keys that the workload may touch; empty: all of the bucket. */
  prefix: string;
}

/** Grants one workload of the namespace to read and write below one prefix of the lake. */
export function grantLake(
  name: string,
  args: ObservabilityStackArgs,
  settings: LakeGrantSettings,
  namespace: pulumi.Input<string>,
  opts: pulumi.ComponentResourceOptions,
): pulumi.Output<S3Connection> {
  const access = new LakeAccess(
    name,
    {
      lake: settings.lake ?? args.lake,
      lakeNamespace: args.lakeNamespace,
      namespace,
      secretName: settings.secretName,
      grants: [{ prefix: settings.prefix, permission: LakePermission.ReadWrite }],
      clientImage: args.clientImage,
      placement: args.placement,
    },
    opts,
  );
  return access.connection;
}
