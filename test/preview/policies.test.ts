import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../screen/userError";
import { fixture, messages, named, runFixture } from "./fixtures";

const dir = fixture("policyPack");
const urn = (rest: string) => `urn:pulumi:test::policed::random:index/${rest}`;
const textUrn = urn("randomString:RandomString::text");
const petUrn = (name: string) => urn(`randomPet:RandomPet::${name}`);

describe("engine, policy packs", () => {
  it("reports violations, remediations and what a preview cannot decide", async () => {
    const { result } = await runFixture("policed", { policyPacks: [{ dir }] });
    assert.deepEqual(result.policy?.reports, [
      {
        policy: "allow-one-pet",
        urn: petUrn("two"),
        enforcement: "advisory",
        kind: "violation",
        message: "the stack has 2 pets.",
      },
      {
        policy: "limit-prefix",
        urn: petUrn("one"),
        enforcement: "advisory",
        kind: "undecided",
        message:
          "can't run policy 'limit-prefix' from policy pack 'fixture@v1.2.3' during preview: " +
          "string value at .prefix can't be known during preview",
      },
      {
        policy: "limit-prefix",
        urn: petUrn("two"),
        enforcement: "advisory",
        kind: "violation",
        message: "prefix is long: a-rather-long-prefix.",
      },
      {
        policy: "require-length",
        urn: textUrn,
        enforcement: "mandatory",
        kind: "violation",
        message: "length must be at least 8, got 6. Raise it.",
      },
      {
        policy: "set-special",
        urn: textUrn,
        enforcement: "remediate",
        kind: "remediation",
        message: "Random texts have no special characters.",
      },
    ]);
    assert.equal(result.succeeded, false);
  });

  it("counts the resources that each policy looked at", async () => {
    const { result } = await runFixture("policed", { policyPacks: [{ dir }] });
    assert.equal(result.policy?.pack, "fixture 1.2.3");
    assert.deepEqual(
      result.policy.policies.map(({ name, enforcement, evaluated }) => [
        name,
        enforcement,
        evaluated,
      ]),
      [
        ["require-length", "mandatory", 1],
        ["set-special", "remediate", 1],
        ["limit-prefix", "advisory", 2],
        ["break-down", "disabled", 0],
        ["allow-one-pet", "advisory", 1],
      ],
    );
  });

  it("hands the remediated inputs on to the resource and its dependants", async () => {
    const { result } = await runFixture("policed", { policyPacks: [{ dir }] });
    assert.deepEqual(named(result, "text").inputs, { length: 6, special: false });
    assert.equal(result.outputs.special, false);
  });

  it("decides in up mode what a preview leaves open", async () => {
    const { result } = await runFixture("policed", { mode: "up", policyPacks: [{ dir }] });
    const kinds = result.policy?.reports.map(({ kind }) => kind) ?? [];
    assert.ok(kinds.length > 0 && !kinds.includes("undecided"));
  });

  it("takes levels and properties from the configuration file", async () => {
    const configFile = join(dir, "relaxed.json");
    const { result } = await runFixture("policed", { policyPacks: [{ dir, configFile }] });
    assert.equal(result.succeeded, true);
    assert.deepEqual(
      result.policy?.policies.map(({ name, enforcement }) => [name, enforcement]),
      [
        ["require-length", "mandatory"],
        ["set-special", "advisory"],
        ["limit-prefix", "advisory"],
        ["break-down", "disabled"],
        ["allow-one-pet", "advisory"],
      ],
    );
    assert.ok(result.policy.reports.some(({ message }) => message === "special must be false."));
    assert.deepEqual(named(result, "text").inputs, { length: 6 });
  });

  it("refuses a wrong configuration file with all problems at once", async () => {
    const configFile = join(dir, "wrong.json");
    await assert.rejects(runFixture("policed", { policyPacks: [{ dir, configFile }] }), (error) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual(error.message.split("\n"), [
        `${configFile}: policy pack fixture has no policy "no-such-policy". Write the ` +
          "full name of one of its policies.",
        `${configFile}: "require-length.minimum" must be of type integer, got "many". Change ` +
          "it, or remove it for the policy's default.",
        `${configFile}: "set-special" has no such level, got "strict". Choose advisory, ` +
          "mandatory, remediate, disabled.",
      ]);
      return true;
    });
  });

  it("fails a run whose policy fails, without the stack of its process", async () => {
    const configFile = join(dir, "broken.json");
    const { result } = await runFixture("policed", { policyPacks: [{ dir, configFile }] });
    assert.deepEqual(messages(result), [
      "policy analysis failed: Error validating resource with policy 'break-down' from policy " +
        "pack 'fixture@v1.2.3':\nError: the policy itself is broken",
    ]);
    assert.equal(result.succeeded, false);
  });

  it("refuses a pack that is not built", async () => {
    const broken = fixture("brokenPack");
    await assert.rejects(runFixture("policed", { policyPacks: [{ dir: broken }] }), {
      name: "UserError",
      message:
        `${broken}: the policy pack is not built: its "main" does not exist. ` + "Build it first.",
    });
  });
});
