import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { celPlaces, celValidations, type CelValidation, placeVariables } from "./rules/cel";
import type { ObjectRule } from "./rules/objectRule";
import { objectRules } from "./rules/objectRules";
import type { ProjectSettings } from "./rules/projectSettings";

/** What the API server does with an object that breaks a rule. */
export enum AdmissionMode {
  /** Refuses it: prod. */
  Deny = "deny",
  /** Warns whoever applies it, and writes it to the audit log: dev and local. */
  Warn = "warn",
}

/** The spec of a ValidatingAdmissionPolicy, as far as it is used here. */
export interface AdmissionPolicySpec {
  failurePolicy: string;
  matchConstraints: {
    resourceRules: {
      apiGroups: string[];
      apiVersions: string[];
      operations: string[];
      resources: string[];
    }[];
  };
  matchConditions: { name: string; expression: string }[];
  variables: { name: string; expression: string }[];
  validations: CelValidation[];
}

/** The spec of its binding. */
export interface AdmissionBindingSpec {
  policyName: string;
  validationActions: string[];
  matchResources: {
    namespaceSelector: { matchExpressions: { key: string; operator: string }[] };
  };
}

/** A ValidatingAdmissionPolicy with its binding, as data. */
export interface AdmissionPolicy {
  /** Name of both objects: that of the policy in previews. */
  name: string;
  spec: AdmissionPolicySpec;
  binding: AdmissionBindingSpec;
}

/**
 * The rules about Kubernetes objects as ValidatingAdmissionPolicies for the namespaces of projects.
 * What the platform itself installs there keeps to the same rules. Needs Kubernetes 1.30.
 *
 * @param projects what differs by stack
 */
export function admissionPolicies(
  mode: AdmissionMode,
  projects: ProjectSettings = {},
): AdmissionPolicy[] {
  return objectRules(projects)
    .filter(({ notAtAdmission }) => notAtAdmission === undefined)
    .map(atAdmission)
    .map((rule) => ({
      name: rule.name,
      spec: policySpec(rule),
      binding: {
        policyName: rule.name,
        validationActions: mode === AdmissionMode.Deny ? ["Deny"] : ["Warn", "Audit"],
        matchResources: {
          // The namespaces of projects: there people apply manifests of their own.
          namespaceSelector: {
            matchExpressions: [{ key: platformLabels.project, operator: "Exists" }],
          },
        },
      },
    }));
}

/** A namespace selector lets objects outside of namespaces pass, so a rule leaves them out. */
function atAdmission(rule: ObjectRule): ObjectRule {
  return { ...rule, kinds: rule.kinds.filter(({ isClusterScoped }) => !isClusterScoped) };
}

function policySpec(rule: ObjectRule): AdmissionPolicySpec {
  return {
    // A condition never errors on an object that its schema allows; where one does, refuse.
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: rule.kinds.map(({ group, plural }) => ({
        apiGroups: [group],
        // An older version is no way past a rule, nor is a newer one.
        apiVersions: ["*"],
        operations: ["CREATE", "UPDATE"],
        resources: [plural],
      })),
    },
    matchConditions: [
      {
        name: "is-not-being-deleted",
        // The last update takes a finalizer away; refused, the object would stay for ever.
        expression: "!object.metadata.?deletionTimestamp.hasValue()",
      },
    ],
    variables: placeVariables
      .filter((name) => loopsOver(rule, name))
      .map((name) => ({ name, expression: celPlaces(rule.kinds, name) })),
    validations: celValidations(rule),
  };
}

function loopsOver({ requirements }: ObjectRule, places: string): boolean {
  return requirements.some(({ forEach }) => forEach?.some((loop) => loop.in === places));
}
