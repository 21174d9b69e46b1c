import type { Capacity } from "../capacity/types";
import { failures, type StackPreview } from "./stackPreview";
import type { Price } from "../prices/computePrice";
import type {
  Diagnostic,
  PolicySummary,
  PreviewResource,
  SecretFinding,
} from "../engine/programRun";

/** What `--json` prints; `preview.schema.json` is its schema. */
export interface PreviewDocument {
  stack: string;
  project: string;
  mode: "preview" | "up";
  succeeded: boolean;
  /** Why the run counts as failed; empty where it is good. */
  failures: string[];
  resources: Pick<
    PreviewResource,
    "urn" | "type" | "parent" | "provider" | "inputs" | "custom" | "operation"
  >[];
  outputs: Record<string, unknown>;
  policies: PolicySummary | null;
  secrets: SecretFinding[];
  diagnostics: Diagnostic[];
  capacity: Capacity;
  price: Price;
}

/**
 * A preview as data. It holds nothing that differs from run to run (no times), so that two runs of
 * one program can be compared as text.
 */
export function previewDocument({ result, capacity, price }: StackPreview): PreviewDocument {
  const reasons = failures(result);
  return {
    stack: result.stack,
    project: result.project,
    mode: result.mode,
    succeeded: reasons.length === 0,
    failures: reasons,
    resources: result.resources.map(
      ({ urn, type, parent, provider, inputs, custom, operation }) => ({
        urn,
        type,
        parent,
        provider,
        inputs,
        custom,
        operation,
      }),
    ),
    outputs: result.outputs,
    policies: result.policy ?? null,
    secrets: result.secrets,
    diagnostics: result.diagnostics,
    capacity,
    price,
  };
}
