import * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";

/** Another bucket of a lake. What is known of the lake in a first preview stays known. */
export function bucketOf(
  lake: pulumi.Input<S3Connection>,
  bucket: string,
): pulumi.Output<S3Connection> {
  const known = pulumi.output(lake);
  return pulumi.output({
    kind: known.kind,
    endpoint: known.endpoint,
    address: known.address,
    usesTls: known.usesTls,
    namespace: known.namespace,
    podPort: known.podPort,
    region: known.region,
    bucket,
    addressing: known.addressing,
    secretName: known.secretName,
    clientImage: known.clientImage,
    rawLogRetentionDays: known.rawLogRetentionDays,
  });
}
