import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { format, resolveConfig } from "prettier";
import { policies } from "../../policy/pack";
import { policyTable } from "../../policy/policyTable";

const file = resolve(__dirname, "../../docs/policies.md");

describe("policy: reference", () => {
  it("docs/policies.md is what the pack says of itself", async () => {
    const style = await resolveConfig(file);
    const text = await format(policyTable(), { ...style, filepath: file });
    if (process.env.UPDATE_GOLDEN) {
      await writeFile(file, text);
    }
    assert.equal(await readFile(file, "utf8"), text);
  });

  it("has one row for each policy", () => {
    for (const { name } of policies) {
      assert.equal(policyTable().split(`| \`${name}\` |`).length, 2, name);
    }
  });

  it("names follow mlplatform-<area>-<verb>-<thing>, and descriptions are one sentence", () => {
    for (const { name, description } of policies) {
      assert.match(name, /^mlplatform-[a-z]+-(require|disallow)-[a-z-]+$/);
      assert.match(description, /^[A-Z][^.]*\.$/);
    }
    assert.equal(new Set(policies.map(({ name }) => name)).size, policies.length);
  });
});
