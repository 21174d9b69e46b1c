import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { S3Connection } from "../connections";
import { createDisruptionBudget } from "../kubernetes/disruptionBudget";
import { createMonitor, MonitorKind } from "../kubernetes/monitor";
import { createPassword } from "../kubernetes/password";
import { anywhere, type Placement } from "../kubernetes/placement";
import { childOptions, type Scope, statefulOptions } from "../scope";
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
  scope: Scope,
  settings: PostgresClusterSettings,
): MlflowPostgres {
  const { name, parent } = scope;
  const { namespace, protectData, operator } = settings;
  const password = createPassword({ name: `${name}-database`, parent });
  const secret = createDatabaseSecret(scope, namespace, password);
  const store = createObjectStore(scope, settings);
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
    statefulOptions({ ...scope, dependsOn: [...operator, secret, store] }, protectData),
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
    statefulOptions({ ...scope, dependsOn: [cluster] }, protectData),
  );
  if (settings.instances > 1) {
    createDisruptionBudget({
      name: `${name}-database-budget`,
      parent,
      metadata: { name: clusterName, namespace },
      matchLabels: { "cnpg.io/cluster": clusterName, "cnpg.io/podRole": "instance" },
    });
  }
  scheduleBackups({ ...scope, dependsOn: [cluster] }, namespace);
  if (settings.enableMonitors) {
    // Our own: the operator's switch for one is deprecated since CloudNativePG 1.26.
    createMonitor({
      name: `${name}-database-monitor`,
      parent,
      kind: MonitorKind.Pod,
      metadata: { name: clusterName, namespace },
      spec: {
        selector: { matchLabels: { "cnpg.io/cluster": clusterName } },
        podMetricsEndpoints: [{ port: "metrics" }],
      },
    });
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
  { name, parent }: Scope,
  namespace: pulumi.Input<string>,
  password: pulumi.Input<string>,
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
  { name, parent }: Scope,
  settings: PostgresClusterSettings,
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
  scope: Scope,
  namespace: pulumi.Input<string>,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(
    `${scope.name}-daily-backup`,
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
    childOptions(scope),
  );
}
