import assert from "node:assert/strict";
import type { Policies, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { policies } from "../../policy/pack";
import { mutations } from "./allMutations";
import { analyze, analyzeStack, clean, type Subject } from "./analyze";
import { compliant, compliantStack } from "./compliant";

const named = (name: string) => policies.find((policy) => policy.name === name)!;

function run(policy: Policies[number], subjects: Subject[]) {
  return "validateStack" in policy
    ? analyzeStack(policy as StackValidationPolicy, subjects)
    : analyze(policy as ResourceValidationPolicy, subjects[0]!);
}

describe("policy: matrix of mutations", () => {
  for (const { policy, title, subjects, messages } of mutations) {
    it(`${policy} refuses ${title}`, async () => {
      assert.deepEqual(await run(named(policy), subjects), { ...clean, violations: messages });
    });
  }

  it("has at least 60 mutations, and one for every policy", () => {
    assert.ok(mutations.length >= 60, `${mutations.length} mutations`);
    const covered = new Set(mutations.map(({ policy }) => policy));
    assert.deepEqual(
      policies.map(({ name }) => name).filter((name) => !covered.has(name)),
      [],
    );
  });

  it("breaks each part of the sidecar contract in at least two ways", () => {
    const parts = [
      /no init container log-offloader/,
      /restartPolicy/,
      /no emptyDir volume ray-logs/,
      /emptyDir\.sizeLimit/,
      /: log-offloader does not mount/,
      /: container "ray-\w+" does not mount/,
      ...["LAKE_BUCKET", "LAKE_ENDPOINT", "NAMESPACE", "CLUSTER", "NODE", "ROLE"].map(
        (name) => new RegExp(`no variable MLP_${name} `),
      ),
      /in plain text/,
      /neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY by secretKeyRef nor/,
      /at least 120/,
    ];
    for (const part of parts) {
      const breaking = mutations.filter(({ messages }) => messages.some((m) => part.test(m)));
      assert.ok(breaking.length >= 2, `${part} is broken by ${breaking.length} mutations`);
    }
  });

  for (const [name, subject] of Object.entries(compliant)) {
    it(`finds nothing wrong with the unchanged ${name}`, async () => {
      for (const policy of policies) {
        // Services of Ray have no compliant form: they never scale to zero.
        if (name === "rayService" && policy.name === "mlplatform-ray-require-ephemeral-clusters") {
          continue;
        }
        if ("validateStack" in policy) {
          continue;
        }
        const analysis = await run(policy, [subject()]);
        assert.deepEqual({ ...analysis, notApplicable: undefined }, clean, policy.name);
      }
    });
  }

  it("finds nothing wrong with the unchanged stack", async () => {
    for (const policy of policies) {
      if (!("validateStack" in policy)) {
        continue;
      }
      assert.deepEqual(await run(policy, compliantStack()), clean, policy.name);
    }
  });
});
