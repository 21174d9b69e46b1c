import type * as pulumi from "@pulumi/pulumi";
import type { OidcArgs, ProjectAccessArgs } from "../access/args";
import type {
  AzureFoundation,
  InferenceTableConnection,
  S3Connection,
  ServingConnection,
  TrackingConnection,
  RegistryConnection,
} from "../connections";
import type { Placement } from "../kubernetes/placement";
import type { MlProjectGithubArgs } from "./githubArgs";

/** Arguments of {@link MlProject}. */
export interface MlProjectArgs {
  /** The lake, from `DataLake`. */
  lake: pulumi.Input<S3Connection>;
  /** The MLflow server with its administrator's Secret, from `MlflowStack`. */
  tracking: pulumi.Input<TrackingConnection>;
  /** Where models are served, from `ServingMesh`. */
  serving: pulumi.Input<ServingConnection>;
  /** Kueue ClusterQueue that the project's jobs draw from, from `RayStack`. */
  clusterQueue: pulumi.Input<string>;
  /** The inference table, from `ObservabilityStack`. */
  inferenceTable: pulumi.Input<InferenceTableConnection>;
  /** What proves to the inference table whose predictions it gets. A secret. */
  ingestKey: pulumi.Input<string>;
  /** Team that owns the project. */
  owner: string;
  /** Account that pays for it. */
  costCenter: string;
  /**
   * Who may do what: groups by role, as Microsoft Entra object ids where `azure` is given. On Azure
   * `userGroupObjectIds` of the cluster lets them fetch a kubeconfig.
   *
   * @default - nobody
   */
  access?: ProjectAccessArgs;
  /**
   * Whose tokens the gateway accepts, as `ServingMesh` was told: models then answer tokens of the
   * project's callers, members and administrators.
   *
   * @default - no policy for callers
   */
  oidc?: OidcArgs;
  /** Most vCPU that its pods may request together. */
  cpuQuota: number;
  /** Most memory of its pods together, in GiB. */
  memoryQuotaGiB: number;
  /** Most GPUs of its pods together. @default 0 */
  gpuQuota?: number;
  /** First folders below `datasets/` that the project may read besides its own. @default - none */
  sharedDatasets?: string[];
  /**
   * Lets pods reach public addresses on port 443, for packages, public data and Azure. Data may
   * leave that way too.
   *
   * @default false
   */
  allowPublicHttps?: boolean;
  /** Azure side of the cluster. @default - no identities and no role assignments */
  azure?: pulumi.Input<AzureFoundation>;
  /**
   * The project's own container registry. @default - the repository's workflows get none
   */
  registry?: pulumi.Input<RegistryConnection>;
  /** Repository of the project. @default - none */
  github?: MlProjectGithubArgs;
  /**
   * Where the Jobs run that make its keys and its MLflow user.
   *
   * @default - anywhere
   */
  placement?: Placement;
  /** Tags of Azure resources; `owner`, `project` and `costCenter` are added. @default - none */
  tags?: Record<string, string>;
  /**
   * Keeps the namespace and the repository when the stack is destroyed. False deletes them with all
   * that is in them (the repository is archived).
   *
   * @default true
   */
  protectData?: boolean;
}
