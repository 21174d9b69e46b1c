import type { PolicyConfigSchema } from "@pulumi/policy";

/** Why a policy does not hold for a resource, and until when. */
export interface Exemption {
  reason: string;
  /** Last day, `2027-01-31` (UTC). */
  expires: string;
}

/** Exemptions by logical resource name; `*` stands for every resource. */
export type Exemptions = Record<string, Exemption>;

/** What the config of every policy may hold. */
export interface PolicyConfig {
  /** Resources that the policy does not hold for. */
  exemptions?: Exemptions;
  /**
   * Whether a resource that a preview cannot decide on is a violation.
   * @default false
   */
  refuseUndecided?: boolean;
  /** Resources that a preview need not decide on; an update decides. */
  undecided?: Exemptions;
}

const exemptionSchema = {
  type: "object",
  required: ["reason", "expires"],
  additionalProperties: false,
  properties: {
    reason: { type: "string", minLength: 1 },
    expires: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" },
  },
} as const;

const exemptionMap = (description: string): PolicyConfigSchema["properties"][string] => ({
  type: "object",
  description,
  // The SDK's type of a schema has no room for literal tuples.
  additionalProperties: exemptionSchema as any,
  default: {},
});

/** Config that every policy declares. */
export const commonProperties: PolicyConfigSchema["properties"] = {
  exemptions: exemptionMap(
    "Logical name of a resource, or *, to the reason why this policy does not hold for it " +
      "and the last day of that.",
  ),
  refuseUndecided: {
    type: "boolean",
    description: "Whether a resource that a preview cannot decide on is a violation.",
    default: false,
  },
  undecided: exemptionMap(
    "Logical name of a resource to the reason why a preview need not decide on it and the " +
      "last day of that.",
  ),
};

/** An exemption as it stands today. */
export type Standing =
  | { kind: "none" }
  | { kind: "valid"; reason: string }
  /** It ended, or says not enough: the policy holds, and the exemption is a violation itself. */
  | { kind: "broken"; message: string };

/** How a resource stands to the exemptions of a policy. */
export function standing(
  name: string,
  exemptions: Exemptions = {},
  today = new Date().toISOString().slice(0, 10),
): Standing {
  const key = Object.hasOwn(exemptions, name) ? name : "*";
  const exemption = exemptions[key] as Partial<Exemption> | undefined;
  if (exemption === undefined) {
    return { kind: "none" };
  }
  const { reason, expires } = exemption;
  if (!reason || !/^\d{4}-\d{2}-\d{2}$/.test(expires ?? "")) {
    const message =
      `"${name}": its exemption "${key}" is ${JSON.stringify(exemption)}: give it a reason and ` +
      `the last day as expires "2027-01-31".`;
    return { kind: "broken", message };
  }
  if (expires! < today) {
    const message =
      `"${name}": its exemption "${key}" ended on ${expires} (${reason}): fix the resource, or ` +
      "renew the exemption with a reason.";
    return { kind: "broken", message };
  }
  return { kind: "valid", reason };
}
