/**
 * What a preview knows about one registered resource. Secrets are replaced by {@link secretMark}.
 */
export interface PreviewResource {
  urn: string;
  /** Pulumi type token, e.g. `azure-native:containerservice:AgentPool`. */
  type: string;
  /** Logical name. */
  name: string;
  /** URN of the parent; empty for the stack. */
  parent: string;
  /** URN of the provider, `urn::id`; empty for components and the stack. */
  provider: string;
  /**
   * Inputs after transforms and remediation: unknowns as {@link unknownMark}, secrets as {@link
   * secretMark}.
   */
  inputs: Record<string, unknown>;
  /** True for resources that a provider manages; false for components and the stack. */
  custom: boolean;
  /** True where the engine would refuse to delete it. */
  protect: boolean;
  /** True where a delete only drops it from the state. */
  retainOnDelete: boolean;
  dependencies: string[];
  /** The resources whose outputs each input is made from. */
  propertyDependencies: Record<string, string[]>;
  /** What an update would do, against the state given. */
  operation: "create" | "same" | "update" | "delete";
}

/** One violation, remediation or undecided case of one policy on one resource. */
export interface PolicyFinding {
  policy: string;
  /** URN; empty for a policy over the whole stack. */
  urn: string;
  enforcement: "advisory" | "mandatory" | "remediate" | "disabled";
  /** `undecided`: the policy read a value that is unknown in a preview. */
  kind: "violation" | "remediation" | "undecided";
  message: string;
}

/** What the policy pack did in one run. */
export interface PolicySummary {
  /** Pack name and version. */
  pack: string;
  /** Every policy of the pack with how many resources it looked at (not `not applicable`). */
  policies: { name: string; description: string; enforcement: string; evaluated: number }[];
  reports: PolicyFinding[];
}

/** A fact about secrets that only the engine sees, because it sees the marks on the wire. */
export interface SecretFinding {
  kind: "plainSecret" | "githubSecretFromPlainConfig" | "secretInPlainOutput";
  urn: string;
  /** Property path, e.g. `stringData.password`. */
  property: string;
  message: string;
}

/** A message that the program logged, or an error that stopped it. */
export interface Diagnostic {
  severity: "debug" | "info" | "warning" | "error";
  urn: string;
  message: string;
}

/** Everything one run of the program told the engine. */
export interface ProgramRun {
  stack: string;
  project: string;
  mode: "preview" | "up";
  resources: PreviewResource[];
  /** Stack outputs: unknowns as {@link unknownMark}, secrets as {@link secretMark}. */
  outputs: Record<string, unknown>;
  policy?: PolicySummary;
  secrets: SecretFinding[];
  diagnostics: Diagnostic[];
  /** False where the program threw, or a mandatory policy was violated. */
  succeeded: boolean;
}

/** Stands for a value that only an update would know. */
export const unknownMark = "[unknown]";

/** Stands for a secret value. */
export const secretMark = "[secret]";
