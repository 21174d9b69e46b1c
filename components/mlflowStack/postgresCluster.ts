import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { S3Connection } from "../connections";
import { anywhere, type Placement } from "../kubernetes/placement";
import { databaseUser, type MlflowPostgres, usersDatabase } from "./mlflowDatabase";
import {
  backupName,
  clusterName,
  clusterSpec,
  databaseSecretName,
  objectStoreSpec,
} from "./postgresSpecs";

/** What the database cluster is made from. */
export interface PostgresClusterSettings {
  namespace: pulumi.Output<string>;
  image: string;
  instances: number;
  storageGiB: number;
  storageClass?: string;
  backupRetentionDays: number;
  /** The bucket for backups, with the Secret of its key. */
  backups: pulumi.Output<S3Connection>;
  enableMonitors: boolean;
  placement?: Placement;
  protectData: boolean;
  /** Charts that bring the custom resources. */
  operator: pulumi.Resource[];
}

/** A CloudNativePG cluster with WAL archive and daily base backups in the lake. */
export function createPostgresCluster(
  name: string,
  settings: PostgresClusterSettings,
  parent: pulumi.Resource,
): MlflowPostgres {
  const { namespace, protectData, operator } = settings;
  const kept = { parent, protect: protectData, retainOnDelete: protectData };
  const { result } = new random.RandomPassword(
    `${name}-database`,
    { length: 40, special: false },
    { parent },
  );
  const password = pulumi.secret(result);
  const secret = createDatabaseSecret(name, namespace, password, parent);
  const store = createObjectStore(name, settings, parent);
  const cluster = new k8s.apiextensions.CustomResource(
    `${name}-database`,
    {
      apiVersion: "postgresql.cnpg.io/v1",
      kind: "Cluster",
      metadata: {
        name: clusterName,
        namespace,
        // A custom resource is not awaited by itself; the first start makes volumes and initdb.
        annotations: { "pulumi.com/waitFor": "condition=Ready" },
      },
      spec: clusterSpec({ ...settings, placement: settings.placement ?? anywhere }),
    },
    { ...kept, dependsOn: [...operator, secret, store] },
  );
  const users = new k8s.apiextensions.CustomResource(
    `${name}-users-database`,
    {
      apiVersion: "postgresql.cnpg.io/v1",
      kind: "Database",
      metadata: {
        name: "mlflow-auth",
        namespace,
        annotations: { "pulumi.com/waitFor": "jsonpath={.status.applied}=true" },
      },
      spec: {
        name: usersDatabase,
        owner: databaseUser,
        cluster: { name: clusterName },
        databaseReclaimPolicy: "retain",
      },
    },
    { ...kept, dependsOn: [cluster] },
  );
  scheduleBackups(name, namespace, cluster, parent);
  if (settings.enableMonitors) {
    monitorCluster(name, namespace, parent);
  }
  return {
    host: pulumi.interpolate`${clusterName}-rw.${namespace}.svc.cluster.local`,
    user: databaseUser,
    password,
    sslMode: "require",
    ready: [cluster, users],
  };
}

function createDatabaseSecret(
  name: string,
  namespace: pulumi.Input<string>,
  password: pulumi.Input<string>,
  parent: pulumi.Resource,
): k8s.core.v1.Secret {
  return new k8s.core.v1.Secret(
    `${name}-database`,
    {
      metadata: {
        name: databaseSecretName,
        namespace,
        // The operator then applies a changed password to the role.
        labels: { "cnpg.io/reload": "true" },
      },
      type: "kubernetes.io/basic-auth",
      stringData: { username: databaseUser, password },
    },
    // The cluster refers to the name, so a changed Secret cannot be made beside the old one.
    { parent, deleteBeforeReplace: true },
  );
}

function createObjectStore(
  name: string,
  settings: PostgresClusterSettings,
  parent: pulumi.Resource,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${name}-backups`,
    {
      apiVersion: "barmancloud.cnpg.io/v1",
      kind: "ObjectStore",
      metadata: { name: backupName, namespace: settings.namespace },
      spec: settings.backups.apply((lake) => objectStoreSpec(lake, settings.backupRetentionDays)),
    },
    { parent, dependsOn: settings.operator },
  );
}

/** A base backup at once and every night; the fields of the schedule start with seconds. */
function scheduleBackups(
  name: string,
  namespace: pulumi.Input<string>,
  cluster: pulumi.Resource,
  parent: pulumi.Resource,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${name}-daily-backup`,
    {
      apiVersion: "postgresql.cnpg.io/v1",
      kind: "ScheduledBackup",
      metadata: { name: "mlflow-db-daily", namespace },
      spec: {
        schedule: "0 0 2 * * *",
        immediate: true,
        cluster: { name: clusterName },
        method: "plugin",
        pluginConfiguration: { name: "barman-cloud.cloudnative-pg.io" },
        backupOwnerReference: "self",
      },
    },
    { parent, dependsOn: [cluster] },
  );
}

/** Our own PodMonitor: the operator's switch for one is deprecated since CloudNativePG 1.26. */
function monitorCluster(
  name: string,
  namespace: pulumi.Input<string>,
  parent: pulumi.Resource,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${name}-database-monitor`,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: { name: clusterName, namespace },
      spec: {
        selector: { matchLabels: { "cnpg.io/cluster": clusterName } },
        podMetricsEndpoints: [{ port: "metrics" }],
      },
    },
    { parent },
  );
}
