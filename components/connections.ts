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
   * `http://minio.lake.svc.cluster.local:9000`.
   */
  endpoint: string;
  /** Region that clients sign with. MinIO and SeaweedFS accept any; `us-east-1` here. */
  region: string;
  /** Bucket name. */
  bucket: string;
  /**
   * Name of the Secret in the consumer's own namespace with the keys `AWS_ACCESS_KEY_ID` and
   * `AWS_SECRET_ACCESS_KEY`. Absent where no credential was granted yet.
   */
  secretName?: string;
  /** How the bucket is addressed. */
  addressing: S3Addressing;
}

/** An MLflow tracking server, as `MlflowStack` returns it. */
export interface TrackingConnection {
  /** Base URL inside the cluster, e.g. `http://mlflow.mlflow.svc.cluster.local:5000`. */
  uri: string;
  /**
   * Name of the Secret with `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, in the
   * namespace of the server (administrator) or of the project (its own user).
   */
  authSecretName: string;
}

/** Where models are served, as `ServingMesh` returns it. */
export interface ServingConnection {
  /** Domain under which model hosts live: a model answers at `<name>-<namespace>.<ingressHost>`. */
  ingressHost: string;
  /** Istio Gateway that the hosts are bound to, as `<namespace>/<name>`. */
  gateway: string;
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

/** A node pool of the cluster. */
export interface NodePool {
  /** Name of the pool in the cluster. */
  name: string;
  /** What the pool is for. */
  kind: NodePoolKind;
  /** Fewest nodes. */
  minCount: number;
  /** Most nodes. */
  maxCount: number;
}

/** A Kubernetes cluster, as `AksPlatform` returns it. */
export interface ClusterConnection {
  /** Kubeconfig document; a secret. */
  kubeconfig: string;
  /** Issuer of the tokens of the cluster's ServiceAccounts, for federated credentials. */
  oidcIssuer: string;
  /** Host of the container registry, e.g. `acme.azurecr.io`. */
  registry: string;
  /** The pools, system pool first. */
  nodePools: NodePool[];
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
  /** Resource id of the container registry. */
  registryId: string;
  /** Microsoft Entra tenant. */
  tenantId: string;
  /** Subscription of the resource group. */
  subscriptionId: string;
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
