import type { ResourceValidationPolicy } from "@pulumi/policy";
import { exemptionsProperty, skipExempt } from "../../exemptions";
import { ownershipTags, taggableAzureTypes } from "../../rules/ownershipTags";

/** Every Azure resource says whose it is and who pays for it. */
export const requireOwnershipTags: ResourceValidationPolicy = {
  name: "mlplatform-azure-require-ownership-tags",
  description: "Azure resources carry ownership tags.",
  configSchema: {
    properties: {
      ...exemptionsProperty,
      required: {
        type: "array",
        items: { type: "string" },
        description: "Tags that must be there and not empty.",
        default: [...ownershipTags],
      },
    },
  },
  validateResource: (args, reportViolation) => {
    if (!taggableAzureTypes.has(args.type)) {
      return args.notApplicable("only Azure resources that take tags");
    }
    skipExempt(args);
    const { required = [...ownershipTags] } = args.getConfig<{ required?: string[] }>();
    const tags: Record<string, string> = args.props.tags ?? {};
    const missing = required.filter((tag) => !(tag in tags) || tags[tag] === "");
    if (missing.length > 0) {
      reportViolation(`"${args.name}" lacks the tags ${missing.join(", ")}: add them to its tags.`);
    }
  },
};
