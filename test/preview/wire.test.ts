import assert from "node:assert/strict";
import { programMessage } from "../../preview/engine/program/programMessage";
import { defaultProviderName } from "../../preview/engine/resources/providers";
import { completedOutputs, previewedOutputs } from "../../preview/engine/resources/outputs";
import { formerUrns, urnFor } from "../../preview/engine/resources/urns";
import {
  containsSecret,
  containsUnknown,
  displayed,
  normalize,
  plain,
  sameValue,
  secret,
  unknownValue,
  type Wire,
} from "../../preview/engine/values/wire";

const signature = "4dabf18193072939515e22adb298388d";
const output = (fields: Record<string, Wire>) => ({
  [signature]: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  ...fields,
});
const reference = (fields: Record<string, Wire>) => ({
  [signature]: "5cf8f73096256a8f31e491e813e4eb8e",
  ...fields,
});

describe("values on the wire", () => {
  const rows: [claim: string, given: Wire, expected: Wire][] = [
    ["an output value is its value", output({ value: "v", dependencies: [] }), "v"],
    ["an output without a value is unknown", output({}), unknownValue],
    ["a secret output is a secret", output({ value: "v", secret: true }), secret("v")],
    ["a reference to a component is its URN", reference({ urn: "urn:a" }), "urn:a"],
    ["a reference to a resource is its id", reference({ urn: "urn:a", id: "i" }), "i"],
    ["a reference without an id yet is unknown", reference({ urn: "urn:a", id: "" }), unknownValue],
    [
      "what is inside is read too",
      { a: [output({ value: { b: secret(secret("x")) } })] },
      { a: [{ b: secret("x") }] },
    ],
  ];
  for (const [claim, given, expected] of rows) {
    it(claim, () => {
      assert.deepEqual(normalize(given), expected);
    });
  }

  it("shows neither secrets nor unknowns, and assets without their signature", () => {
    const asset = { [signature]: "c44067f5952c0a294b673a41bacd8c17", text: "t" };
    const value = { a: secret({ b: "hidden" }), c: [unknownValue, 1, null], asset };
    assert.deepEqual(displayed(value), {
      a: "[secret]",
      c: ["[unknown]", 1, null],
      asset: { text: "t" },
    });
    assert.equal(containsSecret(value), true);
    assert.equal(containsUnknown(value), true);
    assert.deepEqual(plain(value), { a: { b: "hidden" }, c: [unknownValue, 1, null], asset });
  });

  it("compares whatever the order of the keys, and tells a secret from its value", () => {
    assert.equal(sameValue({ a: 1, b: [2] }, { b: [2], a: 1 }), true);
    assert.equal(sameValue({ a: 1 }, { a: 1, b: null }), false);
    assert.equal(sameValue(secret("x"), "x"), false);
  });

  it("completes inputs to any depth in an update and marks the same places in a preview", () => {
    const inputs = { profile: { enabled: true }, name: "n" };
    const computed = { profile: { url: "u", key: secret("k") }, id: "i", token: secret("t") };
    assert.deepEqual(completedOutputs(inputs, computed), {
      profile: { enabled: true, url: "u", key: secret("k") },
      name: "n",
      id: "i",
      token: secret("t"),
    });
    assert.deepEqual(previewedOutputs(inputs, computed, ["extra"]), {
      profile: { enabled: true, url: unknownValue, key: secret(unknownValue) },
      name: "n",
      token: secret(unknownValue),
      extra: secret(unknownValue),
    });
  });
});

describe("URNs and names", () => {
  const scope = { stack: "dev", project: "p" };
  const stack = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev";

  it("leaves the stack out of the types and keeps every component in", () => {
    const outer = urnFor(scope, stack, "m:index:Outer", "outer");
    const inner = urnFor(scope, outer, "m:index:Inner", "inner");
    assert.equal(outer, "urn:pulumi:dev::p::m:index:Outer::outer");
    assert.equal(
      urnFor(scope, inner, "a:b:C", "x::y"),
      "urn:pulumi:dev::p::m:index:Outer$m:index:Inner$a:b:C::x::y",
    );
  });

  it("derives former URNs from aliases of the resource and of its parent", () => {
    const parent = urnFor(scope, stack, "m:index:Group", "after");
    const was = urnFor(scope, stack, "m:index:Group", "before");
    const current = { type: "a:b:C", name: "after-child", parent };
    assert.deepEqual(
      formerUrns(scope, current, [{ urn: "urn:x" }, { name: "old", noParent: true }], [was]),
      [
        "urn:x",
        "urn:pulumi:dev::p::a:b:C::old",
        "urn:pulumi:dev::p::m:index:Group$a:b:C::before-child",
      ],
    );
  });

  const versions: [version: string, expected: string][] = [
    ["4.21.2", "default_4_21_2"],
    ["v3.28.0", "default_3_28_0"],
    ["1.0.0-alpha.1+build", "default_1_0_0_alpha_1_build"],
    ["", "default"],
  ];
  for (const [version, expected] of versions) {
    it(`names a default provider of version "${version}" ${expected}`, () => {
      const request = { package: "random", version, pluginDownloadUrl: "" };
      assert.equal(defaultProviderName(request), expected);
    });
  }

  it("leaves a logged message without a stack as it is", () => {
    assert.equal(programMessage("\u001b[31mall is well\u001b[39m\n", "/project"), "all is well");
  });
});
