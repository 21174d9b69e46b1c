import { partOfPlatform } from "@mlplatform/contracts/platformLabels";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "../scope";
import { admissionPoliciesProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import type { AdmissionPoliciesArgs, AdmissionPolicyManifest } from "./args";

/**
 * Policies that the API server itself holds manifests to, whoever applies them. A cluster holds
 * one.
 *
 * ```ts
 * new AdmissionPolicies("admission", { policies: admissionPolicies(AdmissionMode.Deny) });
 * ```
 */
export class AdmissionPolicies extends pulumi.ComponentResource {
  /** Names of the policies. */
  readonly policyNames: pulumi.Output<string[]>;

  constructor(name: string, args: AdmissionPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseProblems("AdmissionPolicies", name, admissionPoliciesProblems(name, args));
    super("mlplatform:index:AdmissionPolicies", name, args, opts);
    const bindings = args.policies.map((policy) => createPolicy({ name, parent: this }, policy));
    this.policyNames = pulumi.all(bindings.map(({ spec }) => spec.policyName));
    this.registerOutputs({ policyNames: this.policyNames });
  }
}

function createPolicy(
  { name, parent }: Scope,
  { name: policyName, spec, binding }: AdmissionPolicyManifest,
): k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding {
  const labels = partOfPlatform;
  const policy = new k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
    `${name}-${policyName}`,
    { metadata: { name: policyName, labels }, spec },
    { parent },
  );
  return new k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
    `${name}-${policyName}`,
    { metadata: { name: policyName, labels }, spec: binding },
    { parent, dependsOn: [policy] },
  );
}
