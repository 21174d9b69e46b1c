import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import * as pulumi from "@pulumi/pulumi";
import type { S3Connection, TrackingConnection } from "../connections";
import { createMonitor, MonitorKind } from "../kubernetes/monitor";
import { LakePermission } from "../lakeAccess/args";
import { bucketOf } from "../lakeAccess/bucketOf";
import { LakeAccess } from "../lakeAccess/lakeAccess";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import type { Scope } from "../scope";
import { createFlexibleServer } from "./flexibleServer";
import type { MlflowPostgres } from "./mlflowDatabase";
import { openDatabase, openTrackingServer } from "./network";
import { createPostgresCluster } from "./postgresCluster";
import { createPostgresOperator } from "./postgresOperator";
import { adminSecretName, createServerSecrets, metricsSecretName } from "./serverSecrets";
import { mlflowPort, serverHost } from "./serverSettings";
import { createTrackingServer, serverLabels } from "./trackingServer";
import { mlflowStackProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import { MlflowDatabase, type MlflowStackArgs } from "./args";
import { type MlflowStackSettings, normalizeMlflowStack } from "./normalize";

/**
 * MLflow with users, a PostgreSQL of its own and artifacts in the lake, in the namespace `mlflow`.
 *
 * ```ts
 * const tracking = new MlflowStack("mlflow", {
 *   lake: lake.connection, charts, image: images.mlflow, postgresImage: images.postgres,
 * }, { dependsOn: [serving, observability] });
 * ```
 */
export class MlflowStack extends pulumi.ComponentResource {
  /** The server, with the Secret of its administrator. Resolves when it answers. */
  public readonly connection: pulumi.Output<TrackingConnection>;
  /** Namespace of the server. */
  public readonly namespace: pulumi.Output<string>;

  constructor(name: string, args: MlflowStackArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseProblems("MlflowStack", name, mlflowStackProblems(name, args));
    super("mlplatform:index:MlflowStack", name, args, opts);
    const settings = normalizeMlflowStack(args);
    const scope = { name, parent: this };
    this.namespace = createNamespace({
      name: `${name}-mlflow`,
      parent: this,
      namespace: platformNamespaces.mlflow,
      podSecurity: PodSecurity.Restricted,
      protectData: settings.protectData,
    }).metadata.name;
    openTrackingServer(scope, this.namespace);
    const artifacts = grantArtifacts(scope, settings, this.namespace);
    const createDatabase = databaseOf[settings.database];
    const postgres = createDatabase(scope, settings, this.namespace);
    const secrets = createServerSecrets(scope, this.namespace, postgres);
    const service = createTrackingServer(
      { ...scope, dependsOn: [...postgres.ready, ...secrets] },
      { ...settings, namespace: this.namespace, replicas: settings.replicas, lake: artifacts },
    );
    if (settings.enableMonitors) {
      monitorServer(scope, this.namespace);
    }
    // An output a part: the image of Jobs is known in a first preview, for the policies.
    this.connection = pulumi.output({
      uri: service.urn.apply(() => `http://${serverHost}:${mlflowPort}`),
      namespace: pulumi.all([this.namespace, service.urn]).apply(([namespace]) => namespace),
      podPort: mlflowPort,
      authSecretName: adminSecretName,
      clientImage: settings.image,
    });
    this.registerOutputs({ connection: this.connection, namespace: this.namespace });
  }
}

/** The server proxies every artifact, so it alone may write and delete them all. */
function grantArtifacts(
  { name, parent }: Scope,
  args: MlflowStackSettings,
  namespace: pulumi.Output<string>,
): pulumi.Output<S3Connection> {
  return new LakeAccess(
    `${name}-artifacts`,
    {
      lake: args.lake,
      namespace,
      grants: [{ prefix: lakeFolders.artifacts, permission: LakePermission.ReadWrite }],
      placement: args.placement,
    },
    { parent },
  ).connection;
}

type CreateDatabase = (
  scope: Scope,
  args: MlflowStackSettings,
  namespace: pulumi.Output<string>,
) => MlflowPostgres;

const databaseOf: Record<MlflowDatabase, CreateDatabase> = {
  [MlflowDatabase.CloudNativePg]: createInCluster,
  [MlflowDatabase.AzureFlexibleServer]: createOnAzure,
};

/** PostgreSQL in the cluster, with a key of its own for the backups. */
function createInCluster(
  scope: Scope,
  args: MlflowStackSettings,
  namespace: pulumi.Output<string>,
): MlflowPostgres {
  const { name, parent } = scope;
  const { backupBucket: bucket, enableMonitors } = args;
  const backups = new LakeAccess(
    `${name}-backups`,
    {
      lake: bucketOf(args.lake, bucket),
      namespace,
      secretName: "backup-credentials",
      grants: [{ prefix: "mlflow/", permission: LakePermission.ReadWrite }],
      placement: args.placement,
    },
    { parent },
  ).connection;
  openDatabase(scope, namespace);
  const operator = createPostgresOperator(scope, {
    ...args.charts,
    helmValues: args.helmValues,
    placement: args.placement,
    enableMonitors,
    replicas: Math.min(args.replicas, 2),
    imageRegistry: args.imageRegistry,
  });
  return createPostgresCluster(scope, {
    namespace,
    image: args.postgresImage,
    instances: args.databaseInstances,
    storageGiB: args.databaseStorageGiB,
    storageClass: args.storageClass,
    backupRetentionDays: args.backupRetentionDays,
    backups,
    enableMonitors,
    placement: args.placement,
    protectData: args.protectData,
    operator,
  });
}

function createOnAzure(scope: Scope, args: MlflowStackSettings): MlflowPostgres {
  return createFlexibleServer(scope, {
    // Presence is checked with the other arguments.
    azure: args.azure!,
    sku: args.databaseSku,
    storageGiB: args.databaseStorageGiB,
    instances: args.databaseInstances,
    backupRetentionDays: args.backupRetentionDays,
    tags: args.tags,
    protectData: args.protectData,
  });
}

/** `/metrics` asks for who reads it, as every page but `/health` does. */
function monitorServer({ name, parent }: Scope, namespace: pulumi.Input<string>): void {
  createMonitor({
    name: `${name}-server-monitor`,
    parent,
    kind: MonitorKind.Service,
    metadata: { name: "mlflow", namespace },
    spec: {
      selector: { matchLabels: serverLabels },
      endpoints: [
        {
          port: "http",
          path: "/metrics",
          authorization: { type: "Bearer", credentials: { name: metricsSecretName, key: "token" } },
        },
      ],
    },
  });
}
