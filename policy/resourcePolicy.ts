import type {
  ReportViolation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import type { ResourceRule, StackRule } from "./rules/resourceRule";
import { commonProperties, type PolicyConfig, standing } from "./exemptions";

/** Makes a resource policy with exemptions and the count of undecided resources. */
export function resourcePolicy(rule: ResourceRule): ResourceValidationPolicy {
  const { name, description, subject, validate, remediate } = rule;
  const types = new Set(rule.types);
  return {
    name,
    description,
    configSchema: { properties: { ...commonProperties, ...rule.properties } },
    validateResource: (args, report) => {
      if (!types.has(args.type)) {
        return args.notApplicable(`only ${subject}`);
      }
      const config = args.getConfig<PolicyConfig>();
      const exemption = standing(args.name, config.exemptions);
      if (exemption.kind === "valid") {
        return args.notApplicable(`exempt: ${exemption.reason}`);
      }
      if (exemption.kind === "broken") {
        report(exemption.message);
      }
      let found: Iterable<string> | undefined;
      countUndecided(args.name, config, report, () => {
        found = validate(args);
        for (const message of found ?? []) {
          report(message);
        }
      });
      if (found === undefined) {
        return args.notApplicable(`only ${subject}`);
      }
    },
    ...(remediate && {
      remediateResource: (args) => {
        if (!types.has(args.type)) {
          return args.notApplicable(`only ${subject}`);
        }
        const exemption = standing(args.name, args.getConfig<PolicyConfig>().exemptions);
        if (exemption.kind === "valid") {
          return args.notApplicable(`exempt: ${exemption.reason}`);
        }
        remediate(args);
        return args.props;
      },
    }),
  };
}

/** Makes a stack policy with exemptions by the name of the resource that a finding is about. */
export function stackPolicy(rule: StackRule): StackValidationPolicy {
  const { name, description, validate } = rule;
  return {
    name,
    description,
    configSchema: { properties: { ...commonProperties, ...rule.properties } },
    validateStack: (args, report) => {
      const config = args.getConfig<PolicyConfig>();
      countUndecided("*", config, report, () => {
        for (const finding of validate(args)) {
          const exemption = standing(finding.name, config.exemptions);
          if (exemption.kind === "valid") {
            continue;
          }
          if (exemption.kind === "broken") {
            report(exemption.message, finding.urn);
          }
          report(finding.message, finding.urn);
        }
      });
    },
  };
}

/**
 * Lets an unknown value end the policy, so that it is counted as undecided, and turns it into a
 * violation where the config wants a decision and does not name the resource.
 */
function countUndecided(
  name: string,
  config: PolicyConfig,
  report: ReportViolation,
  run: () => void,
): void {
  try {
    run();
  } catch (error) {
    if (isUnknownValue(error) && config.refuseUndecided === true) {
      const allowed = standing(name, config.undecided);
      if (allowed.kind === "broken") {
        report(allowed.message);
      }
      if (allowed.kind === "none") {
        report(
          `"${name}" cannot be decided in a preview: ${error.message}. Make the value known, ` +
            `or name the resource under \`undecided\` with a reason.`,
        );
      }
    }
    throw error;
  }
}

/** The SDK exports the class without a type. */
function isUnknownValue(error: unknown): error is Error {
  return error instanceof Error && error.constructor.name === "UnknownValueError";
}
