/**
 * How MLflow's server is started, in a cluster and in the local run: one server for all projects, a
 * workspace a project, artifacts through the server alone.
 */

/** Module in the server's image that makes and changes its tables. */
export const trackingMigration = "mlplatform.migrate";

/** Plain environment of the server. */
export const trackingServerEnvironment = {
  // What a version is made of: the server would open any other address with its own key.
  MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX:
    "^(models|runs|mlflow-artifacts):/[^/]|^(prompt-template|dummy-source)$",
  // The job runner of MLflow 3 doubles the server's memory and nothing here submits to it.
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
} as const;

/** Secret environment of the server. */
export const trackingServerSecrets = {
  /** Address of the database of runs and models, with the password inside. */
  trackingDatabase: "MLFLOW_BACKEND_STORE_URI",
  /** The same of the database of users; its migration reads it. */
  usersDatabase: "MLFLOW_AUTH_DATABASE_URI",
  /** Signs forms; the same for every worker. */
  sessionKey: "MLFLOW_FLASK_SERVER_SECRET_KEY",
  /** Encrypts the gateway's keys. Without it MLflow takes one that is in its source. */
  gatewayPassphrase: "MLFLOW_CRYPTO_KEK_PASSPHRASE",
  /** Bearer token that reads the server's metrics, and nothing else. */
  metricsToken: "MLP_METRICS_TOKEN",
} as const;

/** Names the file of {@link trackingAuthentication} for the server. */
export const authConfigVariable = "MLFLOW_AUTH_CONFIG_PATH";

/** Where the server listens, for whom, and where it keeps artifacts. */
export interface TrackingServer {
  host: string;
  port: number;
  workers: number;
  /** Where artifacts lie: `s3://…`. */
  artifacts: string;
  /** Host headers that it answers. */
  allowedHosts: string[];
  /** Folder for the metrics of its workers. */
  metricsFolder: string;
}

/** Arguments of `mlflow`. Addresses with a password are in the environment, never here. */
export function trackingServerArguments(server: TrackingServer): string[] {
  return [
    "server",
    `--host=${server.host}`,
    `--port=${server.port}`,
    `--workers=${server.workers}`,
    "--app-name=basic-auth",
    "--enable-workspaces",
    "--serve-artifacts",
    `--artifacts-destination=${server.artifacts}`,
    `--allowed-hosts=${server.allowedHosts.join(",")}`,
    `--expose-prometheus=${server.metricsFolder}`,
  ];
}

/** Name of MLflow's administrator. */
export const trackingAdministrator = "admin";

/**
 * The configuration of MLflow's basic-auth app. Users see nothing until they are granted it, and
 * the gate refuses what MLflow doesn't check. MLflow reads the administrator's password only while
 * the user store is empty. What was revoked is refused within the cache's minute.
 */
export function trackingAuthentication(usersDatabase: string, adminPassword: string): string {
  // Python's configparser reads `%` as the start of a reference.
  const escape = (value: string) => value.replace(/%/g, "%%");
  return [
    "[mlflow]",
    "default_permission = NO_PERMISSIONS",
    `database_uri = ${escape(usersDatabase)}`,
    `admin_username = ${trackingAdministrator}`,
    `admin_password = ${escape(adminPassword)}`,
    "authorization_function = mlplatform.gate:authenticate",
    "auth_cache_ttl_seconds = 60",
    "",
  ].join("\n");
}
