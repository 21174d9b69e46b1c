/** Form of a value: a regular expression that CEL, Python and JavaScript read alike. */
export interface ValueForm {
  pattern: string;
  /** As messages call it: "set it to …". */
  form: string;
}

/** What the facts of a lineage look like, wherever they are written. */
export const lineageValues = {
  project: { pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", form: "the namespace" },
  modelName: { pattern: "^[A-Za-z0-9][A-Za-z0-9._:/@+=-]*$", form: "a name" },
  modelVersion: { pattern: "^[1-9][0-9]*$", form: "a whole number in quotes" },
  runId: { pattern: "^[0-9a-f]{32}$", form: "32 hex digits" },
  /** The first folder is a project's, or one that is shared with others. */
  datasetName: {
    pattern: "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?/[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
    form: "project/name, such as churn/customers",
  },
  datasetVersion: { pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", form: "a version" },
  datasetDigest: { pattern: "^(sha256:)?[0-9a-f]{8,64}$", form: "8 to 64 hex digits" },
  gitCommit: { pattern: "^[0-9a-f]{7,40}$", form: "7 to 40 hex digits" },
} as const satisfies Record<string, ValueForm>;

/**
 * What a value may hold that a workflow fills into a manifest: nothing that could change the
 * manifest's structure or a command line.
 */
export const manifestValue = "^[A-Za-z0-9._:/@+=-]+$";
