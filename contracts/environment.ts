/** Where the lake is, for every image and command of the platform. */
export const lakeVariables = {
  bucket: "MLP_LAKE_BUCKET",
  endpoint: "MLP_LAKE_ENDPOINT",
  region: "MLP_LAKE_REGION",
  addressing: "MLP_LAKE_ADDRESSING",
} as const;

/**
 * Where a bucket stands in an object's address: `https://endpoint/bucket/key`, or
 * `https://bucket.endpoint/key`.
 */
export const bucketAddressings = ["path", "virtualHost"] as const;

/** Keys to the lake, as S3 clients read them; keys of the Secrets that hold them too. */
export const lakeKeyVariables = {
  accessKeyId: "AWS_ACCESS_KEY_ID",
  secretAccessKey: "AWS_SECRET_ACCESS_KEY",
} as const;

/** Where MLflow is, its user and workspace, as its clients read them; keys of Secrets too. */
export const trackingVariables = {
  uri: "MLFLOW_TRACKING_URI",
  username: "MLFLOW_TRACKING_USERNAME",
  password: "MLFLOW_TRACKING_PASSWORD",
  /** A person's, where no user and password are given. */
  token: "MLFLOW_TRACKING_TOKEN",
  /** `kubernetes` in pods, which sign in by the token of their service account. */
  authentication: "MLFLOW_TRACKING_AUTH",
  /** The project: MLflow keeps each in a workspace of its own. */
  workspace: "MLFLOW_WORKSPACE",
} as const;

/** What the platform's services have in common. */
export const serviceVariables = {
  host: "MLP_HOST",
  port: "MLP_PORT",
  stateDirectory: "MLP_STATE_DIR",
  /** MiB that may wait on disk for the lake. */
  logMib: "MLP_LOG_MIB",
} as const;

/** What the inference table is told besides. */
export const inferenceTableVariables = {
  replica: "MLP_REPLICA",
  replicas: "MLP_REPLICAS",
  retentionDays: "MLP_RETENTION_DAYS",
  /** `<namespace>=<days>,…` */
  retentionByNamespace: "MLP_RETENTION",
  redactionFile: "MLP_REDACTION_FILE",
  redactionKey: "MLP_REDACTION_KEY",
  /** Key of the addresses that prove a sender's namespace. */
  ingestKey: "MLP_INGEST_KEY",
} as const;

/** Whose logs a log offloader reads. */
export const logOffloaderVariables = {
  namespace: "MLP_NAMESPACE",
  cluster: "MLP_CLUSTER",
  rayJob: "MLP_RAYJOB",
  node: "MLP_NODE",
  role: "MLP_ROLE",
  rayDirectory: "MLP_RAY_DIR",
} as const;

/** What the log keeper is told. */
export const logKeeperVariables = {
  workDirectory: "MLP_WORK_DIR",
  retentionDays: "MLP_LOG_RETENTION_DAYS",
} as const;

/** What a training job is told besides the lake, MLflow and its Ray cluster. */
export const trainingVariables = {
  gitCommit: "MLP_GIT_COMMIT",
  gitRepository: "MLP_GIT_REPOSITORY",
  searchDirectory: "MLP_SEARCH_DIRECTORY",
} as const;

/** What the Job is told that makes a project's workspace and user in MLflow. */
export const provisioningVariables = {
  project: "PROJECT",
  adminUsername: "ADMIN_USERNAME",
  adminPassword: "ADMIN_PASSWORD",
  /** Given where the project signs in by a password: in the local run. */
  projectPassword: "PROJECT_PASSWORD",
} as const;
