import { podPorts } from "@mlplatform/contracts/podPorts";

/** Port of the tracking server. */
export const mlflowPort = podPorts.mlflow;

/** Host of the server inside the cluster. */
export const serverHost = "mlflow.mlflow.svc.cluster.local";

/**
 * Hosts that the server answers for; MLflow refuses every other Host header with 403 (since 3.5).
 * A Service is known by four names, with and without its port; `$(POD_IP)` is what Prometheus
 * scrapes by, and Kubernetes fills it in; this machine's names are what `kubectl port-forward` is
 * used by, on any port. `/health` asks for no host.
 */
export function allowedHosts(publicHost?: string): string[] {
  const names = ["mlflow", "mlflow.mlflow", "mlflow.mlflow.svc", serverHost];
  return [
    ...names.flatMap((host) => [host, `${host}:${mlflowPort}`]),
    `$(POD_IP):${mlflowPort}`,
    ...["localhost", "127.0.0.1"].flatMap((host) => [host, `${host}:*`]),
    ...(publicHost ? [publicHost] : []),
  ];
}

/** Arguments of `mlflow server`. Addresses with a password are in the environment, never here. */
export function serverArguments(bucket: string, publicHost?: string): string[] {
  return [
    "--host=0.0.0.0",
    `--port=${mlflowPort}`,
    "--workers=2",
    "--app-name=basic-auth",
    "--serve-artifacts",
    `--artifacts-destination=s3://${bucket}/artifacts`,
    `--allowed-hosts=${allowedHosts(publicHost).join(",")}`,
    ...(publicHost ? [`--cors-allowed-origins=https://${publicHost}`] : []),
    "--expose-prometheus=/tmp/metrics",
  ];
}

/** Where and as whom a database is reached. */
export interface DatabaseAddress {
  host: string;
  database: string;
  user: string;
  password: string;
  /** libpq's `sslmode`. */
  sslMode: string;
}

/** SQLAlchemy URL for psycopg 3, the driver that the MLflow image carries. */
export function databaseUri(address: DatabaseAddress): string {
  const user = encodeURIComponent(address.user);
  const password = encodeURIComponent(address.password);
  return `postgresql+psycopg://${user}:${password}@${address.host}:5432/${address.database}?sslmode=${address.sslMode}`;
}

/**
 * The configuration of MLflow's basic-auth app. Users see nothing until they are granted it. MLflow
 * reads the administrator's password only while the user store is empty. `%` is doubled because
 * the file is read by Python's configparser.
 */
export function authConfiguration(databaseUrl: string, adminPassword: string): string {
  const escape = (value: string) => value.replace(/%/g, "%%");
  return [
    "[mlflow]",
    "default_permission = NO_PERMISSIONS",
    `database_uri = ${escape(databaseUrl)}`,
    "admin_username = admin",
    `admin_password = ${escape(adminPassword)}`,
    "authorization_function = mlflow.server.auth:authenticate_request_basic_auth",
    "",
  ].join("\n");
}

/**
 * `mlflow db upgrade` of both databases. In process, so that no URL stands on a command line; under
 * an advisory lock, because the pods of a new release start together and neither migration locks.
 */
export const migrationScript = `
import os
import sqlalchemy
from mlflow.db import commands as tracking
from mlflow.server.auth.db.cli import commands as users

uri = os.environ["MLFLOW_BACKEND_STORE_URI"]
with sqlalchemy.create_engine(uri).connect() as lock:
    lock.execute(sqlalchemy.text("SELECT pg_advisory_lock(7310)"))
    tracking(["upgrade", uri], standalone_mode=False)
    users(["upgrade", "--url", os.environ["MLFLOW_AUTH_DATABASE_URI"]], standalone_mode=False)
`.trim();
