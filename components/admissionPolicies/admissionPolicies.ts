import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

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
  spec: Record<string, any>;
  /** `spec` of the ValidatingAdmissionPolicyBinding. */
  binding: AdmissionBinding;
}

/** Arguments of {@link AdmissionPolicies}. */
export interface AdmissionPoliciesArgs {
  /** The policies. Plain, because their names decide which resources there are. */
  policies: AdmissionPolicyManifest[];
}

/**
 * Policies that the API server itself holds manifests to, whoever applies them. A cluster holds one.
 *
 * ```ts
 * new AdmissionPolicies("admission", { policies: admissionPolicies(AdmissionMode.Deny) });
 * ```
 */
export class AdmissionPolicies extends pulumi.ComponentResource {
  /** Names of the policies. */
  readonly policyNames: pulumi.Output<string[]>;

  constructor(name: string, args: AdmissionPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mlplatform:index:AdmissionPolicies", name, args, opts);
    const bindings = args.policies.map((policy) => createPolicy(name, policy, this));
    this.policyNames = pulumi.all(bindings.map(({ spec }) => spec.policyName));
    this.registerOutputs({ policyNames: this.policyNames });
  }
}

function createPolicy(
  name: string,
  { name: policyName, spec, binding }: AdmissionPolicyManifest,
  parent: pulumi.Resource,
): k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding {
  const labels = { "app.kubernetes.io/part-of": "mlplatform" };
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
