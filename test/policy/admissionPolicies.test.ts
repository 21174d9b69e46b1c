import assert from "node:assert/strict";
import { AdmissionPolicies } from "../../components/admissionPolicies/admissionPolicies";
import { AdmissionMode, admissionPolicies } from "../../policy/admission";
import { record } from "../components/recorder";

describe("AdmissionPolicies", () => {
  const policies = admissionPolicies(AdmissionMode.Warn);
  const run = () =>
    record(() => {
      new AdmissionPolicies("admission", { policies });
    });
  const prefix = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy";

  it("makes each policy with its binding, as given", async () => {
    const recording = await run();
    for (const { name, spec, binding } of policies) {
      const logicalName = `admission-${name}`;
      const policy = recording.one(prefix, logicalName);
      assert.deepEqual([policy.inputs.metadata.name, policy.inputs.spec], [name, spec]);
      const made = recording.one(`${prefix}Binding`, logicalName);
      assert.deepEqual([made.inputs.metadata.name, made.inputs.spec], [name, binding]);
      assert.deepEqual(made.dependencies, [policy.urn]);
    }
    assert.equal(recording.all(prefix).length, policies.length);
  });
});
