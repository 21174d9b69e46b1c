import type * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";
import { LakePermission } from "../lakeAccess/args";
import { LakeAccess } from "../lakeAccess/lakeAccess";
import { childOptions, type Scope } from "../scope";
import type { ObservabilityStackSettings } from "./normalize";

/** What one workload is granted. */
export interface LakeGrantSettings {
  /** Namespace of the workload. */
  namespace: pulumi.Input<string>;
  /** Bucket; absent: the lake's own. */
  lake?: pulumi.Input<S3Connection>;
  /** Secret for the workload. */
  secretName: string;
  /** Keys that the workload may touch; empty: all of the bucket. */
  prefix: string;
}

/** Grants one workload of the namespace to read and write below one prefix of the lake. */
export function grantLake(
  scope: Scope,
  args: ObservabilityStackSettings,
  settings: LakeGrantSettings,
): pulumi.Output<S3Connection> {
  const access = new LakeAccess(
    scope.name,
    {
      lake: settings.lake ?? args.lake,
      namespace: settings.namespace,
      secretName: settings.secretName,
      grants: [{ prefix: settings.prefix, permission: LakePermission.ReadWrite }],
      placement: args.placement,
    },
    childOptions(scope),
  );
  return access.connection;
}
