import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { S3Addressing, type S3Connection } from "../connections";
import { helmRelease } from "../kubernetes/installChart";
import { grantLake } from "./lakeGrant";
import type { ObservabilityStackArgs } from "./args";
import {
  agentsNamespace,
  alloyReleaseName,
  alloyValues,
  lokiBucket,
  lokiReleaseName,
  type LokiStore,
  lokiValues,
} from "./values";

const lokiSecretName = "loki-lake";

/** Installs Loki on a bucket of the lake. */
export function createLoki(
  name: string,
  args: ObservabilityStackArgs,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  const bucket = pulumi.output(args.lake).apply((lake) => ({ ...lake, bucket: lokiBucket }));
  const lake = grantLake(
    `${name}-loki-lake`,
    args,
    { lake: bucket, secretName: lokiSecretName, prefix: "" },
    namespace,
    { parent: opts.parent },
  );
  return helmRelease(
    `${name}-loki`,
    {
      chart: args.charts.loki,
      namespace,
      releaseName: lokiReleaseName,
      values: lokiValues({
        replicas: args.replicas ?? 1,
        retentionDays: args.logRetentionDays ?? 30,
        storageClass: args.storageClass,
        store: lokiStore(lake),
        placement: args.placement,
        imageRegistry: args.imageRegistry,
      }),
      helmValues: args.helmValues?.loki,
    },
    opts,
  );
}

function lokiStore(lake: pulumi.Output<S3Connection>): LokiStore {
  return {
    bucket: lake.bucket,
    endpoint: lake.endpoint,
    region: lake.region,
    pathStyle: lake.addressing.apply((addressing) => addressing === S3Addressing.Path),
    insecure: lake.endpoint.apply((endpoint) => !endpoint.startsWith("https:")),
    secretName: lokiSecretName,
  };
}

/** Installs Alloy on every node. */
export function createAlloy(
  name: string,
  args: ObservabilityStackArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  return helmRelease(
    `${name}-alloy`,
    {
      chart: args.charts.alloy,
      namespace: agentsNamespace,
      releaseName: alloyReleaseName,
      values: alloyValues(
        readFileSync(join(__dirname, "config.alloy"), "utf8"),
        args.imageRegistry,
      ),
      helmValues: args.helmValues?.alloy,
    },
    opts,
  );
}
