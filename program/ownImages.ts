/** An image that this repository builds and publishes. */
export interface OwnImage {
  /** Last part of its published name; its build job has the same. */
  name: string;
  /** Its version: raised when what it is made of changes after it was published. */
  tag: string;
  /** Its Dockerfile, from the root of the repository. */
  dockerfile: string;
  /** Folder that the Dockerfile copies from, from the root of the repository. */
  context: string;
  /** Files and folders that it is made of, from the root of the repository. */
  sources: readonly string[];
}

const tag = "0.1.0";

/** An image made of one folder, which holds its Dockerfile. */
const ofFolder = (name: string, folder: string): OwnImage => ({
  name,
  tag,
  dockerfile: `${folder}/Dockerfile`,
  context: folder,
  sources: [folder],
});

const workspaces = [
  "package.json",
  "package-lock.json",
  ".npmrc",
  ".dockerignore",
  "contracts",
  "components/package.json",
  "policy/package.json",
  "workloads/lake",
  "workloads/logOffloader/package.json",
  "workloads/inferenceTable/package.json",
];

/** An image of a service in TypeScript, bundled with the libraries of the workspace. */
const ofWorkspace = (name: string, folder: string): OwnImage => ({
  name,
  tag,
  dockerfile: `${folder}/Dockerfile`,
  context: ".",
  sources: [...workspaces, folder],
});

/**
 * The platform's own images: what `mlp images build` and the workflow `images` build, and what the
 * program takes from `images.prefix`.
 */
export const ownImages = {
  /** Object store server. */
  minio: ofFolder("minio", "workloads/minio/server"),
  /** `mc`, for provisioning Jobs. */
  minioClient: ofFolder("minio-client", "workloads/minio/client"),
  /** MLflow with authentication and the PostgreSQL and S3 clients. */
  mlflow: ofFolder("mlflow", "workloads/mlflow"),
  /** KServe's Python server for MLflow models. */
  modelServer: ofFolder("model-server", "workloads/modelServer"),
  /** Sidecar and keeper of the Ray logs. */
  logOffloader: ofWorkspace("log-offloader", "workloads/logOffloader"),
  /** Inference table. */
  inferenceTable: ofWorkspace("inference-table", "workloads/inferenceTable"),
  /** Base of the projects' training images; each adds its own libraries. */
  trainingBase: ofFolder("training-base", "workloads/trainingBase"),
} satisfies Record<string, OwnImage>;

/** Name by which the program knows an own image. */
export type OwnImageName = keyof typeof ownImages;

/** Name and version of an own image, as its digest is recorded. */
export function taggedName({ name, tag: version }: OwnImage): string {
  return `${name}:${version}`;
}
