/** Folders of the lake's bucket by which is told who may read or write what. */
export const lakeFolders = {
  /** `datasets/<project>/<name>/<version>/…` */
  datasets: "datasets/",
  /** All that MLflow keeps, and nothing else: its server's key reaches this folder alone. */
  artifacts: "artifacts/",
  /** `artifacts/workspaces/<project>/…`, written through MLflow: a workspace a project. */
  projectArtifacts: "artifacts/workspaces/",
  /** Ray's logs, by namespace, and what their keeper knows of them. */
  rayLogs: "raylogs/",
  /** `raylogs/_manifest/<namespace>/…`: what each node says of its own logs. */
  rayLogManifests: "raylogs/_manifest/",
  /** Payloads of predictions, by namespace. */
  inferences: "inferences/",
} as const;
