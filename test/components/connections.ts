import {
  type AzureFoundation,
  type InferenceTableConnection,
  S3Addressing,
  type S3Connection,
  type TrackingConnection,
} from "../../components/connections";

/** The lake as `DataLake` returns it by default, with changes. */
export function lakeConnection(change: Partial<S3Connection> = {}): S3Connection {
  return {
    endpoint: "http://minio.data-lake.svc.cluster.local:9000",
    address: "minio.data-lake.svc.cluster.local:9000",
    usesTls: false,
    namespace: "data-lake",
    podPort: 9000,
    region: "us-east-1",
    bucket: "lake",
    addressing: S3Addressing.Path,
    clientImage: "example.com/mc:1.0.0",
    rawLogRetentionDays: 90,
    ...change,
  };
}

/** MLflow as `MlflowStack` returns it by default, with changes. */
export function trackingConnection(change: Partial<TrackingConnection> = {}): TrackingConnection {
  return {
    uri: "http://mlflow.mlflow.svc.cluster.local:5000",
    namespace: "mlflow",
    podPort: 5000,
    authSecretName: "mlflow-admin",
    clientImage: "example.com/mlflow:3.17.2",
    ...change,
  };
}

/** The inference table as `ObservabilityStack` returns it, with changes. */
export function inferenceTableConnection(
  change: Partial<InferenceTableConnection> = {},
): InferenceTableConnection {
  return {
    url: "http://inference-table.observability.svc.cluster.local",
    namespace: "observability",
    podPort: 8080,
    ...change,
  };
}

/** What `AksPlatform` hands to stores on Azure, with plain values. */
export const azure: AzureFoundation = {
  resourceGroupName: "rg",
  location: "westeurope",
  virtualNetworkId: "/vnet",
  databaseSubnetId: "/vnet/database",
  endpointSubnetId: "/vnet/endpoints",
  oidcIssuer: "https://issuer.example.com/",
  clusterId: "/cluster",
  tenantId: "tenant",
  subscriptionId: "0000",
};
