import type * as pulumi from "@pulumi/pulumi";

/** User and owner of both databases. */
export const databaseUser = "mlflow";

/** Database of runs, models and traces. */
export const trackingDatabase = "mlflow";

/** Database of users and permissions; MLflow wants it apart. */
export const usersDatabase = "mlflow_auth";

/** A PostgreSQL that holds both databases, of whichever kind. */
export interface MlflowPostgres {
  host: pulumi.Output<string>;
  user: string;
  password: pulumi.Output<string>;
  /** libpq's `sslmode`. */
  sslMode: string;
  /** Resources after which both databases exist. */
  ready: pulumi.Resource[];
}
