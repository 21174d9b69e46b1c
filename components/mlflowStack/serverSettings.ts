import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { podPorts } from "@mlplatform/contracts/podPorts";
import { trackingServerArguments } from "@mlplatform/contracts/trackingServer";

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

/** Arguments of `mlflow`: what every server has, and what only one in a cluster has. */
export function serverArguments(bucket: string, publicHost?: string): string[] {
  return [
    ...trackingServerArguments({
      host: "0.0.0.0",
      port: mlflowPort,
      workers: 2,
      artifacts: `s3://${bucket}/${lakeFolders.artifacts.replace(/\/$/, "")}`,
      allowedHosts: allowedHosts(publicHost),
      metricsFolder: "/tmp/metrics",
    }),
    ...(publicHost ? [`--cors-allowed-origins=https://${publicHost}`] : []),
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
