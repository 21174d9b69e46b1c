import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { S3Addressing, type S3Connection } from "../connections";
import { installChart } from "../kubernetes/installChart";
import type { Scope } from "../scope";
import { bucketOf } from "../lakeAccess/bucketOf";
import { grantLake } from "./lakeGrant";
import {
  agentsNamespace,
  alloyReleaseName,
  alloyValues,
  lokiBucket,
  lokiReleaseName,
  type LokiStore,
  lokiValues,
} from "./values";
import type { ObservabilityStackSettings } from "./normalize";

const lokiSecretName = "loki-lake";

/** Installs Loki on a bucket of the lake. */
export function createLoki(
  scope: Scope,
  args: ObservabilityStackSettings,
  namespace: pulumi.Input<string>,
): k8s.helm.v3.Release {
  const { name, parent } = scope;
  const bucket = bucketOf(args.lake, lokiBucket);
  const lake = grantLake({ name: `${name}-loki-lake`, parent }, args, {
    lake: bucket,
    namespace,
    secretName: lokiSecretName,
    prefix: "",
  });
  return installChart({
    ...scope,
    name: `${name}-loki`,
    chart: args.charts.loki,
    namespace,
    releaseName: lokiReleaseName,
    values: lokiValues({
      replicas: args.replicas,
      retentionDays: args.logRetentionDays,
      storageClass: args.storageClass,
      store: lokiStore(lake),
      placement: args.placement,
      imageRegistry: args.imageRegistry,
    }),
    helmValues: args.helmValues?.loki,
  });
}

function lokiStore(lake: pulumi.Output<S3Connection>): LokiStore {
  return {
    bucket: lake.bucket,
    endpoint: lake.endpoint,
    region: lake.region,
    pathStyle: lake.addressing.apply((addressing) => addressing === S3Addressing.Path),
    insecure: lake.usesTls.apply((usesTls) => !usesTls),
    secretName: lokiSecretName,
  };
}

/** Installs Alloy on every node. */
export function createAlloy(scope: Scope, args: ObservabilityStackSettings): k8s.helm.v3.Release {
  return installChart({
    ...scope,
    name: `${scope.name}-alloy`,
    chart: args.charts.alloy,
    namespace: agentsNamespace,
    releaseName: alloyReleaseName,
    values: alloyValues(readFileSync(join(__dirname, "config.alloy"), "utf8"), args.imageRegistry),
    helmValues: args.helmValues?.alloy,
  });
}
