import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { StackValidationPolicy } from "@pulumi/policy";
import { standing } from "../../policy/exemptions";
import { policies } from "../../policy/pack";
import { resourcePolicy, stackPolicy } from "../../policy/resourcePolicy";
import { requireLogRetention } from "../../policy/rules/stack/requireLogRetention";
import { requireUserPoolsFromZero } from "../../policy/rules/resources/requireUserPoolsFromZero";
import { analyze, analyzeStack, clean, unknown } from "./analyze";
import { compliant, compliantStack } from "./compliant";
import { change } from "./mutations";

const packFile = (name: string) =>
  JSON.parse(readFileSync(resolve(__dirname, "../../policy", name), "utf8"));
const keeping = (minCount: unknown) => {
  const pool = compliant.pool();
  pool.props.minCount = minCount;
  return pool;
};
const broken = 'Node pool "core-gpu" keeps 1 nodes while idle: set minCount to 0.';

describe("policy: exemptions", () => {
  const run = (exemptions: unknown) =>
    analyze(resourcePolicy(requireUserPoolsFromZero), keeping(1), { exemptions });

  it("pass over the resource and repeat the reason", async () => {
    const exemption = { reason: "reserved capacity", expires: "9999-12-31" };
    for (const name of ["core-gpu", "*"]) {
      assert.deepEqual(await run({ [name]: exemption }), {
        ...clean,
        notApplicable: "exempt: reserved capacity",
      });
    }
  });

  it("hold for no resource that is called as a word of JavaScript", () => {
    for (const name of ["constructor", "toString", "__proto__"]) {
      assert.deepEqual(standing(name, {}), { kind: "none" });
    }
  });

  it("do not reach another resource", async () => {
    const other = { "core-cpu": { reason: "a", expires: "9999-12-31" } };
    assert.deepEqual((await run(other)).violations, [broken]);
  });

  it("are a violation after their last day, beside what they covered", async () => {
    const ended = { "core-gpu": { reason: "until the migration", expires: "2020-01-31" } };
    assert.deepEqual((await run(ended)).violations, [
      '"core-gpu": its exemption "core-gpu" ended on 2020-01-31 (until the migration): fix ' +
        "the resource, or renew the exemption with a reason.",
      broken,
    ]);
  });

  it("hold on their last day and end the day after", () => {
    const exemptions = { a: { reason: "b", expires: "2026-11-30" } };
    assert.equal(standing("a", exemptions, "2026-11-30").kind, "valid");
    assert.equal(standing("a", exemptions, "2026-12-01").kind, "broken");
  });

  it("are a violation without a reason or a day", async () => {
    for (const exemption of [
      { reason: "a" },
      { expires: "9999-12-31" },
      { reason: "a", expires: "soon" },
    ]) {
      const { violations } = await run({ "core-gpu": exemption });
      assert.equal(
        violations[0],
        `"core-gpu": its exemption "core-gpu" is ${JSON.stringify(exemption)}: give it a ` +
          `reason and the last day as expires "2027-01-31".`,
      );
    }
  });

  it("hold for findings of stack policies by the name of the resource", async () => {
    const stack = change(compliantStack(), "lake", (props) => delete props.rawLogRetentionDays);
    const exemptions = { lake: { reason: "kept for ever", expires: "9999-12-31" } };
    const policy: StackValidationPolicy = stackPolicy(requireLogRetention);
    assert.deepEqual(await analyzeStack(policy, stack, { exemptions }), clean);
    assert.equal((await analyzeStack(policy, stack)).violations.length, 1);
  });
});

describe("policy: undecided resources", () => {
  const run = (config: Record<string, unknown>) =>
    analyze(resourcePolicy(requireUserPoolsFromZero), keeping(unknown), config);

  it("are counted and no violation by default", async () => {
    const { violations, undecided } = await run({});
    assert.deepEqual(violations, []);
    assert.match(undecided[0]!, /value at \.minCount can't be known during preview/);
  });

  it("are a violation where the config wants a decision", async () => {
    const { violations, undecided } = await run({ refuseUndecided: true });
    assert.equal(undecided.length, 1);
    assert.equal(violations.length, 1);
    assert.match(violations[0]!, /^"core-gpu" cannot be decided in a preview: .*\.minCount/);
    assert.match(violations[0]!, /name the resource under `undecided` with a reason\.$/);
  });

  it("stay counted, without a violation, where the config names them with a reason", async () => {
    const undecided = { "core-gpu": { reason: "from another stack", expires: "9999-12-31" } };
    const analysis = await run({ refuseUndecided: true, undecided });
    assert.deepEqual(analysis.violations, []);
    assert.equal(analysis.undecided.length, 1);
  });

  it("are a violation where that permission has ended", async () => {
    const undecided = { "core-gpu": { reason: "for now", expires: "2020-01-31" } };
    const { violations } = await run({ refuseUndecided: true, undecided });
    assert.match(violations.join(), /its exemption "core-gpu" ended on 2020-01-31 \(for now\)/);
  });

  it("are refused by every policy in prod", () => {
    const { all, ...settings } = packFile("prod.json");
    assert.equal(all, "mandatory");
    assert.deepEqual(
      Object.keys(settings)
        .filter((name) => settings[name].refuseUndecided === true)
        .sort(),
      policies.map(({ name }) => name).sort(),
    );
  });
});

describe("policy: configs of the stacks", () => {
  for (const stack of ["local", "dev"]) {
    it(`advises in ${stack}`, () => assert.equal(packFile(`${stack}.json`).all, "advisory"));
  }

  it("give every exemption a reason and a day", () => {
    for (const stack of ["local", "dev", "prod"]) {
      for (const settings of Object.values<any>(packFile(`${stack}.json`))) {
        const exemptions = { ...settings.exemptions, ...settings.undecided };
        for (const name of Object.keys(exemptions)) {
          // On the first day of this repository every exemption was young.
          assert.equal(standing(name, exemptions, "2026-11-23").kind, "valid", `${stack} ${name}`);
        }
      }
    }
  });
});
