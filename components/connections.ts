/** The seams between components: what one returns and the next takes. */

/** How a client addresses a bucket of an S3 endpoint. */
export enum S3Addressing {
  /** `https://endpoint/bucket/key`: MinIO, SeaweedFS, versitygw. */
  Path = "path",
  /** `https://bucket.endpoint/key`. */
  VirtualHost = "virtualHost",
}

/** Which server keeps the lake. */
export enum LakeKind {
  /** MinIO in the cluster, from our own image. */
  Minio = "minio",
  /** SeaweedFS in the cluster, from its chart. */
  SeaweedFs = "seaweedfs",
  /**
   * Azure Blob behind versitygw. Its run of the S3 contract suite is owed, and LakeAccess refuses
   * it: versitygw grants by one policy a bucket, which several consumers cannot edit safely.
   */
  AzureBlob = "azureBlob",
}

/** A bucket of an S3 store, as `DataLake` and `LakeAccess` return it. */
export interface S3Connection {
  /**
   * Kind of the store; keys are granted by its means.
   * @default LakeKind.Minio
   */
  kind?: LakeKind;
  /**
   * Base URL with scheme and port, as pods of the cluster reach it, e.g.
   * `http://minio.data-lake.svc.cluster.local:9000`.
   */
  endpoint: string;
  /** Host and port of `endpoint`, for clients that take no URL. */
  address: string;
  /** Whether `endpoint` speaks TLS. */
  usesTls: boolean;
  /** Namespace of the store's pods. */
  namespace: string;
  /** Port of the store's pods, which network policies see in place of the Service's. */
  podPort: number;
  /** Region that clients sign with. MinIO and SeaweedFS accept any; `us-east-1` here. */
  region: string;
  /** Bucket name. */
  bucket: string;
  /** How the bucket is addressed. */
  addressing: S3Addressing;
  /**
   * Name of the Secret in the consumer's own namespace with the keys `AWS_ACCESS_KEY_ID` and
   * `AWS_SECRET_ACCESS_KEY`. Absent where no credential was granted yet.
   */
  secretName?: string;
  /** Image with a shell and the store's client, for the Jobs that grant keys. */
  clientImage: string;
  /** Days after which objects under `raylogs/` of the lake's own bucket are deleted. */
  rawLogRetentionDays: number;
}

/** An MLflow tracking server, as `MlflowStack` returns it. */
export interface TrackingConnection {
  /** Base URL inside the cluster, e.g. `http://mlflow.mlflow.svc.cluster.local:5000`. */
  uri: string;
  /** Namespace of the server's pods. */
  namespace: string;
  /** Port of the server's pods. */
  podPort: number;
  /**
   * Name of the administrator's Secret in the namespace of the server, with
   * `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`. A project has none: its pods sign in
   * by the tokens of their service account.
   */
  authSecretName?: string;
  /** Image with Python ≥ 3.9 for the Jobs that make users; the server's own serves. */
  clientImage: string;
}

/** The inference table, as `ObservabilityStack` returns it. */
export interface InferenceTableConnection {
  /** Where KServe's loggers post to: `http://inference-table.observability.svc.cluster.local`. */
  url: string;
  /** Namespace of its pods. */
  namespace: string;
  /** Port of its pods. */
  podPort: number;
}

/** Where models are served, as `ServingMesh` returns it. */
export interface ServingConnection {
  /** Domain of the models' hosts: one answers at `<name>--<namespace>.<ingressHost>`. */
  ingressHost: string;
  /** Istio Gateway that the hosts are bound to, as `<namespace>/<name>`. */
  gateway: string;
  /** Namespace of the gateway's pods, where the policies on them are. */
  gatewayNamespace: string;
  /** Issuer whose tokens the gateway accepts; empty where requests need no token. */
  jwtIssuer: string;
}

/** What a node pool is for. Its pool label carries this value. */
export enum NodePoolKind {
  System = "system",
  Cpu = "cpu",
  Gpu = "gpu",
  Spot = "spot",
}

/** The Azure side of the cluster: what other components need to make Azure resources beside it. */
export interface AzureFoundation {
  /** Resource group of the platform. */
  resourceGroupName: string;
  /** Azure region, e.g. `westeurope`. */
  location: string;
  /** Resource id of the virtual network. */
  virtualNetworkId: string;
  /** Subnet delegated to PostgreSQL Flexible Server. */
  databaseSubnetId: string;
  /** Subnet for private endpoints. */
  endpointSubnetId: string;
  /** Issuer of the cluster's ServiceAccount tokens. */
  oidcIssuer: string;
  /** Resource id of the cluster. */
  clusterId: string;
  /** Microsoft Entra tenant. */
  tenantId: string;
  /** Subscription of the resource group. */
  subscriptionId: string;
}

/** A container registry on Azure. */
export interface RegistryConnection {
  /** Resource id, for role assignments. */
  id: string;
  /** Host, e.g. `acme.azurecr.io`. */
  host: string;
}

/** A Helm chart at one version. */
export interface ChartReference {
  /** Chart name, or `oci://…/name`. */
  chart: string;
  /** Repository URL; absent for OCI charts. */
  repository?: string;
  /** Exact chart version. */
  version: string;
}
