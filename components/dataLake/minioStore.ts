import * as k8s from "@pulumi/kubernetes";
import { createDisruptionBudget } from "../kubernetes/disruptionBudget";
import { platformPods, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";
import { createAdminKey } from "./adminSecret";
import { type LakeStore, type LakeStoreSettings, storeService } from "./lakeStore";
import { lifecycleDocument, minioBucketsScript } from "./minioScripts";
import { createProvisioningJob } from "./provisioning";
import { createMinioStatefulSet, minioLabels } from "./minioStatefulSet";

/**
 * MinIO as a StatefulSet of our own: the server's charts are as archived as its images, and what
 * they add (consoles, users by Job, ingress) is not used here.
 */
export function createMinioStore(scope: Scope, settings: LakeStoreSettings): LakeStore {
  const { name, parent } = scope;
  const { namespace } = settings;
  const s3 = storeService("minio", namespace, 9000);
  const { secret: admin } = createAdminKey(scope, {
    namespace,
    addresses: { LAKE_ENDPOINT: s3.endpoint },
  });
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
  const server = createMinioStatefulSet({ ...scope, dependsOn: [admin] }, settings, headless);
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
  restrictIngress({
    name: `${name}-minio`,
    parent,
    namespace,
    podSelector: { matchLabels: minioLabels },
    ingress: [{ from: [platformPods], ports: tcpPorts(9000) }],
  });
  if (settings.replicas > 1) {
    // One server at a time: an erasure set of four loses writes with two servers away.
    createDisruptionBudget({
      name: `${name}-minio`,
      parent,
      metadata: { name: "minio", namespace },
      matchLabels: minioLabels,
    });
  }
  const buckets = provisionBuckets({ ...scope, dependsOn: [service, admin] }, settings);
  return { service: s3, ready: [service, buckets] };
}

function provisionBuckets(scope: Scope, settings: LakeStoreSettings): k8s.batch.v1.Job {
  const { name, parent } = scope;
  const { namespace, buckets } = settings;
  const lifecycle = new k8s.core.v1.ConfigMap(
    `${name}-lifecycle`,
    {
      metadata: { namespace },
      data: { "lifecycle.json": JSON.stringify(lifecycleDocument(settings.rawLogRetentionDays)) },
    },
    { parent },
  );
  return createProvisioningJob({
    ...scope,
    name: `${name}-buckets`,
    namespace,
    image: settings.clientImage,
    script: minioBucketsScript,
    env: { LAKE_BUCKETS: buckets.join(" "), LAKE_BUCKET: buckets[0]! },
    files: lifecycle.metadata.name,
    placement: settings.placement,
  });
}
