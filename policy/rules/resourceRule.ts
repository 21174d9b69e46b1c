import type {
  PolicyConfigSchema,
  ResourceValidationArgs,
  StackValidationArgs,
} from "@pulumi/policy";

/** What every rule about registered resources says of itself. */
interface RegisteredRule {
  /** `mlplatform-<area>-<verb>-<thing>`. */
  name: string;
  description: string;
  /** Properties of its config besides those of every policy. */
  properties?: PolicyConfigSchema["properties"];
}

/** A rule about one resource at a time. */
export interface ResourceRule extends RegisteredRule {
  /** Type tokens that it looks at. */
  types: Iterable<string>;
  /** Those types in words, for `only …`. */
  subject: string;
  /**
   * Messages of what is wrong, one by one; `undefined` where the resource is none of its business.
   */
  validate: (args: ResourceValidationArgs) => Iterable<string> | undefined;
  /** Repairs what can be repaired without a decision, in place. */
  remediate?: (args: ResourceValidationArgs) => void;
}

/** A rule about the resources of a whole stack. */
export interface StackRule extends RegisteredRule {
  /** What is wrong, with the resource that it is about. */
  validate: (
    args: StackValidationArgs,
  ) => Iterable<{ name: string; urn?: string; message: string }>;
}
