import type { ResourceRule } from "../resourceRule";
import { ownershipTags, taggableAzureTypes } from "../ownershipTags";

interface TagConfig {
  required?: string[];
  values?: Record<string, string>;
}

/**
 * Every Azure resource says whose it is and who pays for it. Tags with a value in the config are
 * filled in.
 */
export const requireOwnershipTags: ResourceRule = {
  name: "mlplatform-azure-require-ownership-tags",
  description: "Azure resources carry ownership tags.",
  types: taggableAzureTypes,
  subject: "Azure resources that take tags",
  properties: {
    required: {
      type: "array",
      items: { type: "string" },
      description: "Tags that must be there and not empty.",
      default: [...ownershipTags],
    },
    values: {
      type: "object",
      description: "Values that remediation gives to missing tags.",
      additionalProperties: { type: "string", minLength: 1 },
      default: {},
    },
  },
  validate({ name, props, getConfig }) {
    const missing = missingTags(props.tags, getConfig<TagConfig>());
    if (missing.length === 0) {
      return [];
    }
    return [`"${name}" lacks the tags ${missing.join(", ")}: add them to its tags.`];
  },
  remediate({ props, getConfig }) {
    const config = getConfig<TagConfig>();
    for (const tag of missingTags(props.tags, config)) {
      const value = config.values?.[tag];
      if (value !== undefined) {
        props.tags = { ...props.tags, [tag]: value };
      }
    }
  },
};

function missingTags(tags: Record<string, string> = {}, config: TagConfig): string[] {
  const { required = [...ownershipTags] } = config;
  return required.filter((tag) => !(tag in tags) || tags[tag] === "");
}
