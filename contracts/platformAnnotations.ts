/** Annotations of the platform: on its own objects, and on those that a workflow writes. */
export const platformAnnotations = {
  /** Lineage of a served model; the logger copies these six into every prediction's record. */
  modelName: "mlplatform.dev/model-name",
  modelVersion: "mlplatform.dev/model-version",
  runId: "mlplatform.dev/run-id",
  /** `<project>/<name>`, as in the lake: too much for a label, whose value can't hold a slash. */
  datasetName: "mlplatform.dev/dataset-name",
  datasetVersion: "mlplatform.dev/dataset-version",
  datasetDigest: "mlplatform.dev/dataset-digest",
  /** Where a training run's dataset lies: `s3://…`. */
  datasetLocation: "mlplatform.dev/dataset-location",
  /** `<owner>/<repository>` that a training run's code is from. */
  gitRepository: "mlplatform.dev/git-repository",
  /** Who owns a project, and who pays for it. */
  team: "mlplatform.dev/team",
  costCenter: "mlplatform.dev/cost-center",
  /** Checksum of the redaction rules, so that pods start again with new ones. */
  redaction: "mlplatform.dev/redaction",
} as const;
