import type * as pulumi from "@pulumi/pulumi";

/** `spec` of a ValidatingAdmissionPolicyBinding. */
export interface AdmissionBinding {
  /** Name of the policy. */
  policyName: string;
  /** `Deny`, `Warn` or `Audit`. */
  validationActions: string[];
  /** Which of the objects that the policy is about are held to it. */
  matchResources?: Record<string, any>;
}

/** A ValidatingAdmissionPolicy and its binding, which share a name. */
export interface AdmissionPolicyManifest {
  /** Name of both objects. */
  name: string;
  /** `spec` of the ValidatingAdmissionPolicy. */
  spec: pulumi.Input<Record<string, any>>;
  /** `spec` of the ValidatingAdmissionPolicyBinding. */
  binding: AdmissionBinding;
}

/** Arguments of {@link AdmissionPolicies}. */
export interface AdmissionPoliciesArgs {
  /** The policies. Plain, because their names decide which resources there are. */
  policies: AdmissionPolicyManifest[];
}
