import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { restrictIngress, tcpPorts, platformPeer } from "../kubernetes/namespace";
import { createAdminKey } from "./adminSecret";
import type { LakeStore, LakeStoreSettings } from "./lakeStore";
import { lifecycleDocument, minioBucketsScript } from "./minioScripts";
import { createProvisioningJob } from "./provisioning";
import { createMinioStatefulSet, minioLabels } from "./minioStatefulSet";

const region = "us-east-1";

/**
 * MinIO as a StatefulSet of our own: the server's charts are as archived as its images, and what
 * they add (consoles, users by Job, ingress) is not used here.
 */
export function createMinioStore(
  name: string,
  settings: LakeStoreSettings,
  parent: pulumi.Resource,
): LakeStore {
  const { namespace } = settings;
  const endpoint = pulumi.interpolate`http://minio.${namespace}.svc.cluster.local:9000`;
  const { secret: admin } = createAdminKey(name, namespace, { LAKE_ENDPOINT: endpoint }, parent);
  const headless = new k8s.core.v1.Service(
    `${name}-minio-headless`,
    {
      metadata: { name: "minio-headless", namespace, labels: minioLabels },
      spec: {
        clusterIP: "None",
        // Servers find each other before any of them is ready.
        publishNotReadyAddresses: true,
        selector: minioLabels,
        ports: [{ name: "s3", port: 9000, targetPort: "s3" }],
      },
    },
    { parent },
  );
  const server = createMinioStatefulSet(name, settings, headless, admin, parent);
  const service = new k8s.core.v1.Service(
    `${name}-minio`,
    {
      metadata: { name: "minio", namespace, labels: minioLabels },
      spec: {
        selector: minioLabels,
        ports: [{ name: "s3", port: 9000, targetPort: "s3" }],
      },
    },
    { parent, dependsOn: [server] },
  );
  restrictIngress(
    `${name}-minio`,
    {
      namespace,
      podSelector: { matchLabels: minioLabels },
      ingress: [{ from: [platformPeer], ports: tcpPorts(9000) }],
    },
    { parent },
  );
  if (settings.replicas > 1) {
    keepQuorum(name, namespace, parent);
  }
  const buckets = provisionBuckets(name, settings, [service, admin], parent);
  return { endpoint, region, ready: [service, buckets] };
}

/** One server at a time: an erasure set of four loses writes with two servers away. */
function keepQuorum(
  name: string,
  namespace: pulumi.Input<string>,
  parent: pulumi.Resource,
): k8s.policy.v1.PodDisruptionBudget {
  return new k8s.policy.v1.PodDisruptionBudget(
    `${name}-minio`,
    {
      metadata: { name: "minio", namespace },
      spec: { maxUnavailable: 1, selector: { matchLabels: minioLabels } },
    },
    { parent },
  );
}

function provisionBuckets(
  name: string,
  settings: LakeStoreSettings,
  dependsOn: pulumi.Resource[],
  parent: pulumi.Resource,
): k8s.batch.v1.Job {
  const { namespace, buckets } = settings;
  const lifecycle = new k8s.core.v1.ConfigMap(
    `${name}-lifecycle`,
    {
      metadata: { namespace },
      data: { "lifecycle.json": JSON.stringify(lifecycleDocument(settings.rawLogRetentionDays)) },
    },
    { parent },
  );
  return createProvisioningJob(
    `${name}-buckets`,
    {
      namespace,
      image: settings.clientImage,
      script: minioBucketsScript,
      env: { LAKE_BUCKETS: buckets.join(" "), LAKE_BUCKET: buckets[0]! },
      files: lifecycle.metadata.name,
      placement: settings.placement,
    },
    { parent, dependsOn },
  );
}
