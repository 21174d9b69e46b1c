import type * as pulumi from "@pulumi/pulumi";
import type { OidcArgs, ProjectAccessArgs } from "../access/args";
import type { AzureFoundation, ChartReference, S3Connection } from "../connections";
import type { Placement } from "../kubernetes/placement";

/** Where MLflow keeps runs, models and users. */
export enum MlflowDatabase {
  /** PostgreSQL in the cluster, backed up to the lake. */
  CloudNativePg = "cloudNativePg",
  /** Azure Database for PostgreSQL, backed up by Azure. */
  AzureFlexibleServer = "azureFlexibleServer",
}

/** Charts of {@link MlflowStack}. */
export interface MlflowCharts {
  /** CloudNativePG operator. */
  cloudNativePg: ChartReference;
  /** Its backup plugin; needs cert-manager in the cluster. */
  barmanCloud: ChartReference;
}

/** People who sign in to MLflow by an OIDC issuer. */
export interface MlflowPeopleArgs {
  /** Issuer of their tokens. */
  oidc: OidcArgs;
  /** Groups that administer MLflow as a whole. @default - nobody */
  administrators?: string[];
  /** Groups by project and role; callers of models are none of MLflow's. */
  projects: Record<string, ProjectAccessArgs>;
}

/** Arguments of {@link MlflowStack}. */
export interface MlflowStackArgs {
  /** The lake: artifacts go under `artifacts/` of its bucket. */
  lake: pulumi.Input<S3Connection>;
  /** Image with `mlflow[auth]`, psycopg 3, boto3 and prometheus-flask-exporter. */
  image: string;
  /**
   * Which PostgreSQL. A change starts with an empty database.
   * @default MlflowDatabase.CloudNativePg
   */
  database?: MlflowDatabase;
  /**
   * Disk of the database in GiB; each CloudNativePG instance has one, and a quarter more for WAL.
   * @default 32
   */
  databaseStorageGiB?: number;
  /**
   * Instances of the database; on Azure 2 is a standby in another zone.
   * @default 1
   */
  databaseInstances?: number;
  /**
   * Compute size on Azure.
   * @default "Standard_B2s" for one instance, "Standard_D2ds_v5" for two
   */
  databaseSku?: string;
  /**
   * Days that a backup can be restored.
   * @default 14
   */
  backupRetentionDays?: number;
  /**
   * Bucket of the lake's store for database backups.
   * @default "backups"
   */
  backupBucket?: string;
  /**
   * Tracking servers.
   * @default 1
   */
  replicas?: number;
  /** Public host name, admitted beside the names inside the cluster. */
  host?: string;
  /**
   * People who sign in by tokens, beside the users with a password that an administrator makes.
   * @default - nobody
   */
  people?: MlflowPeopleArgs;
  /** Azure beside the cluster; required for the flexible server. */
  azure?: pulumi.Input<AzureFoundation>;
  /** Charts of the database operator. */
  charts: MlflowCharts;
  /**
   * Registry that the images of the charts come from, e.g. `acme.azurecr.io/mirror`: the host of
   * each name is replaced, its path stays.
   * @default - each image's own registry
   */
  imageRegistry?: string;
  /** Image of PostgreSQL for CloudNativePG. */
  postgresImage: string;
  /** @default - the cluster's default storage class */
  storageClass?: string;
  /**
   * Monitors for Prometheus; their kinds must be in the cluster before this component.
   * @default true
   */
  enableMonitors?: boolean;
  /** Merged over the values of the CloudNativePG chart. */
  helmValues?: Record<string, any>;
  /** @default - any node */
  placement?: Placement;
  /** Tags of the Azure resources: owner, project, environment, costCenter. */
  tags?: Record<string, string>;
  /**
   * Protects namespace and database, and keeps them when they leave the program. `false` lets a
   * destroy delete every run and model version.
   * @default true
   */
  protectData?: boolean;
}
