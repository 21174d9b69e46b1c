import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { typeTokenOf } from "./rules/objectKinds";
import { type ObjectRule, violations } from "./rules/objectRule";
import { resourcePolicy } from "./resourcePolicy";

/** The policy over the program's own objects that a rule describes. */
export function objectPolicy(rule: ObjectRule): ResourceValidationPolicy {
  const { repair } = rule;
  const kinds = new Map(rule.kinds.map((kind) => [typeTokenOf(kind), kind]));
  const kindOf = (args: ResourceValidationArgs) => kinds.get(args.type)!;
  return resourcePolicy({
    name: rule.name,
    description: rule.description,
    types: kinds.keys(),
    subject: [...new Set(rule.kinds.map(({ kind }) => kind))].join(", "),
    *validate(args) {
      for (const { message } of violations(rule, kindOf(args), args.name, args.props)) {
        yield message;
      }
    },
    ...(repair && {
      remediate: (args: ResourceValidationArgs) => {
        repair(kindOf(args), args.props);
      },
    }),
  });
}
