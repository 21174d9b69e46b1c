import { lakeKeyVariables, lakeVariables } from "@mlplatform/contracts/environment";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";

/** Environment by which the platform's own images find the lake and their keys to it. */
export function lakeEnvironment(
  lake: pulumi.Output<S3Connection>,
): k8s.types.input.core.v1.EnvVar[] {
  return [
    { name: lakeVariables.bucket, value: lake.bucket },
    { name: lakeVariables.endpoint, value: lake.endpoint },
    { name: lakeVariables.region, value: lake.region },
    { name: lakeVariables.addressing, value: lake.addressing },
    ...Object.values(lakeKeyVariables).map((key) => ({
      name: key,
      valueFrom: { secretKeyRef: { name: lake.secretName, key } },
    })),
  ];
}
