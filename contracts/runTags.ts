/** Tags by which an MLflow run says what it was trained on, from which code, and where. */
export const runTags = {
  datasetLocation: "dataset.location",
  /** `<project>/<name>`. */
  datasetName: "dataset.name",
  datasetVersion: "dataset.version",
  datasetDigest: "dataset.digest",
  gitCommit: "git.commit",
  gitRepository: "git.repository",
  rayCluster: "ray.cluster",
  /** The submission id, which names the driver's log; Ray's own id where nothing was submitted. */
  rayJobId: "ray.job_id",
  /** Ray's own id, which names the logs of the job's workers. */
  rayInternalJobId: "ray.internal_job_id",
} as const;

/** Alias of the version of a model that is served unless another is asked for. */
export const championAlias = "champion";
