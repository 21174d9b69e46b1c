import assert from "node:assert/strict";
import type { ProgramRun } from "../../preview/engine/programRun";
import { isSecretKey } from "../../preview/engine/values/secretNames";
import { messages, runFixture } from "./fixtures";

describe("engine, secret findings", () => {
  let result: ProgramRun;

  before(async () => {
    ({ result } = await runFixture("secrets"));
  });

  const found = (kind: string) =>
    result.secrets
      .filter((finding) => finding.kind === kind)
      .map(({ urn, property }) => `${urn.split("::").at(-1) ?? ""} ${property}`)
      .sort();

  it("finds plain values under secret keys, in Secrets and in environments, and no others", () => {
    assert.deepEqual(messages(result), []);
    assert.deepEqual(found("plainSecret"), [
      "bag stringData.anything",
      "server spec.template.spec.containers[0].env[0].value",
      "settings data.db-password",
    ]);
  });

  it("finds GitHub secrets fed from plain config, though the SDK marks them", () => {
    assert.deepEqual(found("githubSecretFromPlainConfig"), [
      "environment value",
      "fromPlain value",
    ]);
    const finding = result.secrets.find(({ urn }) => urn.endsWith("::fromPlain"));
    assert.equal(
      finding?.message,
      '"value" of github:index/actionsSecret:ActionsSecret "fromPlain" comes from plain config ' +
        "key secrets:plainToken. Set it with pulumi config set --secret.",
    );
  });

  it("finds secrets that reach an unmarked stack output, alone or inside a text", () => {
    assert.deepEqual(found("secretInPlainOutput"), [
      "secrets-test inside.list[0]",
      "secrets-test leaked",
    ]);
  });

  it("finds a generated password in an output once an update knows it", async () => {
    const preview = await runFixture("leaks");
    assert.deepEqual(preview.result.secrets, []);
    const { result: update } = await runFixture("leaks", { mode: "up" });
    assert.deepEqual(
      update.secrets.map(({ kind, property }) => [kind, property]),
      [["secretInPlainOutput", "url"]],
    );
  });

  const keys: [key: string, isSecret: boolean][] = [
    ["password", true],
    ["adminPassword", true],
    ["DB_PASSWORD", true],
    ["api-key", true],
    ["apiKey", true],
    ["connectionString", true],
    ["clientSecret", true],
    ["kubeconfig", true],
    ["secretName", false],
    ["existingSecret", false],
    ["tokenUrl", false],
    ["passwordSecretRef", false],
    ["key", false],
    ["automountServiceAccountToken", true],
    ["monkey", false],
  ];
  for (const [key, isSecret] of keys) {
    it(`${isSecret ? "takes" : "does not take"} the key ${key} for a secret's`, () => {
      assert.equal(isSecretKey(key), isSecret);
    });
  }
});
