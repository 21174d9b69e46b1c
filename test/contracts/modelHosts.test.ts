import assert from "node:assert/strict";
import { modelHost, modelHostPatterns } from "@mlplatform/contracts/modelHosts";
import fc from "fast-check";
import { projectNameProblems } from "../../components/mlProject/projectNames";
import { checkConfig } from "../../program/problems";
import { matchesHost } from "../access/istioMatch";

/** Words of which names are made that could be taken for others. */
const word = fc.constantFrom("m", "eu", "churn", "svc", "models", "predictor", "local", "x1");
const hyphens = fc.constantFrom("-", "--", "---");
const joined = fc
  .array(fc.tuple(word, hyphens), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.map(([text, sep]) => text + sep).join(""))
  .map((text) => text.replace(/-+$/, ""));

/** Names of InferenceServices, as Kubernetes and KServe take them. */
const model = fc.oneof(joined, fc.stringMatching(/^[a-z]([a-z0-9-]{0,12}[a-z0-9])?$/));
const project = fc
  .oneof(joined, fc.stringMatching(/^[a-z](-?[a-z0-9]){1,12}$/))
  .filter((name) => projectNameProblems("name", name).length === 0);
const domain = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((labels) => ["models", ...labels, "net"].join("."));

/** Every host that a model of a project has, in and outside of the cluster. */
function hostsOf(name: string, of: string, at: string): string[] {
  return ["", "-predictor", "-transformer"].flatMap((part) => [
    modelHost(name + part, of, at),
    modelHost(`prev-${name}${part}`, of, at),
    `${name}${part}.${of}.svc.cluster.local`,
    `${name}${part}.${of}.svc`,
  ]);
}

describe("hosts of models", () => {
  it("tell `m-eu` in `churn` from `m` in `eu-churn`", () => {
    const at = "models.ml.example.com";
    assert.equal(modelHost("m-eu", "churn", at), "m-eu--churn.models.ml.example.com");
    assert.equal(modelHost("m", "eu-churn", at), "m--eu-churn.models.ml.example.com");
  });

  it("are never the same for two models", () => {
    fc.assert(
      fc.property(model, project, model, project, (name, of, other, ofOther) => {
        const isSame = name === other && of === ofOther;
        assert.equal(modelHost(name, of, "d.net") === modelHost(other, ofOther, "d.net"), isSame);
      }),
      { numRuns: 5_000 },
    );
  });

  it("are matched by their project's patterns, and by no other project's", () => {
    fc.assert(
      fc.property(model, project, project, domain, (name, of, other, at) => {
        for (const host of hostsOf(name, of, at)) {
          for (const written of [host, host.toUpperCase(), `${host}:80`, `${host}:443`]) {
            const isMatched = (by: string) =>
              modelHostPatterns(by, at).some((pattern) => matchesHost(pattern, written));
            assert.ok(isMatched(of), `${written} of ${of}`);
            assert.equal(isMatched(other), other === of, `${written} by ${other}`);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("need project names without two hyphens in a row, and a domain that isn't the cluster's", () => {
    const twice = projectNameProblems("name", "eu--churn");
    assert.match(twice[0]!.reason, /^must be a DNS label, got "eu--churn"/);
    for (const own of ["churn.svc", "ml.cluster.local", "churn.svc.cluster.local"]) {
      const checked = checkConfig({ domain: own });
      assert.ok("problems" in checked);
      const said = checked.problems.filter(({ key }) => key === "domain");
      assert.match(said[0]!.problem, /^must not be one of the cluster's own/);
    }
  });
});
