import type { PolicyConfigSchema, ResourceValidationArgs } from "@pulumi/policy";

/** Exemptions of one policy: logical resource name to the reason why the policy does not hold for it. */
export type Exemptions = Record<string, string>;

/** Config property that every policy with exemptions declares. */
export const exemptionsProperty: PolicyConfigSchema["properties"] = {
  exemptions: {
    type: "object",
    description: "Logical name of a resource to the reason why this policy does not hold for it.",
    additionalProperties: { type: "string", minLength: 1 },
    default: {},
  },
};

/** Leaves the policy as not applicable where the resource is exempt. */
export function skipExempt(args: ResourceValidationArgs): void {
  const { exemptions = {} } = args.getConfig<{ exemptions?: Exemptions }>();
  const reason = exemptions[args.name];
  if (reason !== undefined) args.notApplicable(`exempt: ${reason}`);
}
