import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type Scope, statefulOptions } from "../scope";
import type { LakeStoreSettings } from "./lakeStore";
import { adminSecretName, lakeUid } from "./provisioning";
import { restrictedContainer, restrictedPodSpec, spreadConstraints } from "../kubernetes/pod";

/** Selects the servers. */
export const minioLabels = { "app.kubernetes.io/name": "minio" };

/**
 * Arguments of the server: one directory alone, or the same directory of every pod as one erasure
 * set. MinIO numbers the pods itself by its `{0...n}` notation.
 */
export function serverArguments(replicas: number, namespace: string): string[] {
  const volumes =
    replicas === 1
      ? "/data"
      : `http://minio-{0...${replicas - 1}}.minio-headless.${namespace}.svc.cluster.local:9000/data`;
  return ["server", "--quiet", "--address", ":9000", "--certs-dir", "/tmp/certs", volumes];
}

/** The servers with one volume each. Volumes outlive the StatefulSet. */
export function createMinioStatefulSet(
  scope: Scope,
  settings: LakeStoreSettings,
  headless: k8s.core.v1.Service,
): k8s.apps.v1.StatefulSet {
  const { namespace, replicas, protectData } = settings;
  return new k8s.apps.v1.StatefulSet(
    `${scope.name}-minio`,
    {
      metadata: { name: "minio", namespace, labels: minioLabels },
      spec: {
        serviceName: headless.metadata.name,
        replicas,
        // An erasure set starts only when enough of its servers are there.
        podManagementPolicy: "Parallel",
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        selector: { matchLabels: minioLabels },
        template: {
          metadata: { labels: minioLabels },
          spec: {
            ...restrictedPodSpec(lakeUid, settings.placement),
            topologySpreadConstraints: replicas > 1 ? spreadConstraints(minioLabels) : [],
            terminationGracePeriodSeconds: 60,
            containers: [serverContainer(settings)],
            volumes: [{ name: "tmp", emptyDir: { sizeLimit: "1Gi" } }],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: {
              accessModes: ["ReadWriteOnce"],
              storageClassName: settings.storageClass,
              resources: { requests: { storage: `${settings.storageGiB}Gi` } },
            },
          },
        ],
      },
    },
    statefulOptions(scope, protectData),
  );
}

function serverContainer(
  settings: LakeStoreSettings,
): pulumi.Input<k8s.types.input.core.v1.Container> {
  const fromAdmin = (variable: string, key: string) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: adminSecretName, key } },
  });
  const probe = (path: string) => ({ httpGet: { path, port: "s3" }, timeoutSeconds: 5 });
  return {
    name: "minio",
    image: settings.image,
    args: settings.namespace.apply((namespace) => serverArguments(settings.replicas, namespace)),
    env: [
      fromAdmin("MINIO_ROOT_USER", "LAKE_ADMIN_USER"),
      fromAdmin("MINIO_ROOT_PASSWORD", "LAKE_ADMIN_PASSWORD"),
      { name: "MINIO_BROWSER", value: "off" },
      // The network policy, not a token, decides who reads the metrics.
      { name: "MINIO_PROMETHEUS_AUTH_TYPE", value: "public" },
    ],
    ports: [{ name: "s3", containerPort: 9000 }],
    startupProbe: { ...probe("/minio/health/live"), periodSeconds: 5, failureThreshold: 60 },
    livenessProbe: { ...probe("/minio/health/live"), periodSeconds: 15, failureThreshold: 4 },
    readinessProbe: { ...probe("/minio/health/ready"), periodSeconds: 10 },
    resources: {
      requests: { cpu: "250m", memory: "512Mi" },
      limits: { memory: "2Gi" },
    },
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}
