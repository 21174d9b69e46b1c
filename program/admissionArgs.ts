import type * as pulumi from "@pulumi/pulumi";
import type { AdmissionPoliciesArgs } from "../components/admissionPolicies/args";
import { type AdmissionMode, admissionPolicies } from "../policy/admission";
import type { ProjectSettings } from "../policy/rules/projectSettings";

/**
 * The policies of a stack. A first preview does not know the hosts of the registries that the stack
 * makes: what names them waits, all else is known.
 *
 * @param projectSettings what its projects are held to, with its registries once they are known
 */
export function admissionArgs(
  mode: AdmissionMode,
  projectSettings: (registries?: readonly string[]) => ProjectSettings,
  registries: pulumi.Output<string[]> | undefined,
): AdmissionPoliciesArgs {
  const expected = admissionPolicies(mode, projectSettings());
  if (registries === undefined) {
    return { policies: expected };
  }
  const made = registries.apply((hosts) => admissionPolicies(mode, projectSettings(hosts)));
  const withoutRegistries = admissionPolicies(mode, { ...projectSettings(), registries: [] });
  return {
    policies: expected.map((policy, index) => {
      const namesRegistries =
        JSON.stringify(policy.spec) !== JSON.stringify(withoutRegistries[index]!.spec);
      return namesRegistries
        ? { ...policy, spec: made.apply((policies) => policies[index]!.spec) }
        : policy;
    }),
  };
}
