import assert from "node:assert/strict";
import { resolve } from "node:path";
import { preview } from "../../preview/preview";
import type { PolicySummary } from "../../preview/engine/programRun";
import { readManifests } from "../../cli/manifests";
import { policies } from "../../policy/pack";
import { apiVersionOf } from "../../policy/rules/objectKinds";
import { objectRules } from "../../policy/rules/objectRules";

const root = resolve(__dirname, "../..");

describe("policy: the stacks and the project template", function () {
  this.timeout(120_000);
  const summaries = new Map<string, PolicySummary>();
  const matched = new Map<string, number>(policies.map(({ name }) => [name, 0]));

  before(async () => {
    for (const stack of ["local", "dev", "prod"]) {
      const { result } = await preview({
        projectDir: root,
        stack,
        policyDir: resolve(root, "policy"),
      });
      summaries.set(stack, result.policy!);
      for (const { name, evaluated } of result.policy!.policies) {
        matched.set(name, matched.get(name)! + evaluated);
      }
    }
    const { objects } = await readManifests(resolve(root, "workloads/projectTemplate/deploy"));
    for (const { name, kinds } of objectRules({})) {
      const own = objects.filter(({ kind, apiVersion }) =>
        kinds.some((of) => of.kind === kind && apiVersionOf(of) === apiVersion),
      );
      matched.set(name, matched.get(name)! + own.length);
    }
  });

  for (const stack of ["local", "dev", "prod"]) {
    it(`${stack} breaks no policy`, () => {
      const broken = summaries.get(stack)!.reports.filter(({ kind }) => kind !== "undecided");
      assert.deepEqual(broken, []);
    });
  }

  it("every undecided resource of prod is allowed to be, with a reason", () => {
    const undecided = summaries.get("prod")!.reports.filter(({ kind }) => kind === "undecided");
    assert.deepEqual(
      undecided.map(({ policy, urn }) => `${policy} ${urn.split("::").at(-1)}`),
      ["mlplatform-aks-require-authorized-ranges core-cluster"],
    );
    assert.match(undecided[0]!.message, /authorizedIPRanges\.2/);
  });

  it("every policy matches an object", () => {
    const idle = [...matched].filter(([, count]) => count === 0).map(([name]) => name);
    assert.deepEqual(idle, []);
    const checks = [...matched.values()].reduce((sum, count) => sum + count, 0);
    console.log(`      ${policies.length} policies made ${checks} checks`);
  });
});
