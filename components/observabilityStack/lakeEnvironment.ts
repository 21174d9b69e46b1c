import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";

/** Environment by which the platform's own images find the lake and their keys to it. */
export function lakeEnvironment(
  lake: pulumi.Output<S3Connection>,
): k8s.types.input.core.v1.EnvVar[] {
  const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  return [
    { name: "MLP_LAKE_BUCKET", value: lake.bucket },
    { name: "MLP_LAKE_ENDPOINT", value: lake.endpoint },
    { name: "MLP_LAKE_REGION", value: lake.region },
    ...keys.map((key) => ({
      name: key,
      valueFrom: { secretKeyRef: { name: lake.secretName, key } },
    })),
  ];
}
