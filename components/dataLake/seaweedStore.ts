import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { installChart } from "../kubernetes/installChart";
import { platformPods, restrictIngress, tcpPorts } from "../kubernetes/networkPolicy";
import { anywhere } from "../kubernetes/placement";
import type { Scope } from "../scope";
import { createAdminKey } from "./adminSecret";
import { administrator, type LakeStore, type LakeStoreSettings, storeService } from "./lakeStore";
import { createProvisioningJob } from "./provisioning";
import { seaweedBucketsScript, seaweedTimeToLive } from "./seaweedScripts";
import { seaweedIdentitiesSecret, seaweedValues } from "./seaweedValues";

/**
 * SeaweedFS by its chart. Provisioning speaks to masters and filer, so its image is the server's.
 */
export function createSeaweedStore(scope: Scope, settings: LakeStoreSettings): LakeStore {
  const { name, parent } = scope;
  const { namespace, protectData } = settings;
  const s3 = storeService("seaweedfs-s3", namespace, 8333);
  const { secret: admin, password } = createAdminKey(scope, {
    namespace,
    addresses: {
      LAKE_MASTER: pulumi.interpolate`seaweedfs-master.${namespace}.svc.cluster.local:9333`,
      LAKE_FILER: pulumi.interpolate`seaweedfs-filer.${namespace}.svc.cluster.local:8888`,
    },
  });
  const identities = new k8s.core.v1.Secret(
    `${name}-identities`,
    {
      metadata: { name: seaweedIdentitiesSecret, namespace },
      stringData: { seaweedfs_s3_config: administratorIdentity(password) },
    },
    // The chart refers to the name, so a changed Secret cannot be made beside the old one.
    { parent, deleteBeforeReplace: true },
  );
  const release = installChart({
    name: `${name}-seaweedfs`,
    parent,
    dependsOn: [identities],
    // Presence is checked by DataLake, which is where the argument is known by name.
    chart: settings.seaweedfsChart!,
    namespace,
    releaseName: "seaweedfs",
    values: seaweedValues({ ...settings, placement: settings.placement ?? anywhere }),
    helmValues: settings.helmValues,
    protectData,
  });
  // Masters, volumes and filer ask for no key: only pods of this namespace reach them.
  restrictIngress({
    name: `${name}-seaweedfs`,
    parent,
    namespace,
    ingress: [
      { from: [{ podSelector: {} }] },
      { from: [platformPods], ports: tcpPorts(8333, 9327) },
    ],
  });
  const buckets = provisionBuckets({ ...scope, dependsOn: [release, admin] }, settings);
  return { service: s3, ready: [release, buckets] };
}

/**
 * The only identity that the file holds; consumers live in the filer, where Jobs can change them.
 */
function administratorIdentity(password: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.jsonStringify({
    identities: [
      {
        name: administrator,
        credentials: [{ accessKey: administrator, secretKey: password }],
        actions: ["Admin", "Read", "Write", "List", "Tagging"],
      },
    ],
  });
}

function provisionBuckets(scope: Scope, settings: LakeStoreSettings): k8s.batch.v1.Job {
  return createProvisioningJob({
    ...scope,
    name: `${scope.name}-buckets`,
    namespace: settings.namespace,
    image: settings.clientImage,
    script: seaweedBucketsScript,
    env: {
      LAKE_BUCKETS: settings.buckets.join(" "),
      LAKE_BUCKET: settings.buckets[0]!,
      RAW_LOG_TTL: seaweedTimeToLive(settings.rawLogRetentionDays),
    },
    placement: settings.placement,
  });
}
