import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { resourcePolicy } from "../../policy/resourcePolicy";
import { requireOwnershipTags } from "../../policy/rules/resources/requireOwnershipTags";
import { taggableAzureTypes } from "../../policy/rules/ownershipTags";
import { analyze } from "./analyze";
import { compliant } from "./compliant";

const root = resolve(__dirname, "../..");

describe("policy: ownership tags", () => {
  it("asks for the tags that its config names", async () => {
    const config = { required: ["team"] };
    const { violations } = await analyze(
      resourcePolicy(requireOwnershipTags),
      compliant.account(),
      config,
    );
    assert.deepEqual(violations, ['"core-audit" lacks the tags team: add them to its tags.']);
  });

  it("does not apply to types without tags", async () => {
    const subject = { type: "azure-native:network:Subnet", name: "nodes", props: {} };
    assert.equal(
      (await analyze(resourcePolicy(requireOwnershipTags), subject)).notApplicable,
      "only Azure resources that take tags",
    );
  });

  it("lists only types that take tags in the SDK", () => {
    const untaggable = [...taggableAzureTypes].filter((type) => !takesTags(type));
    assert.deepEqual(untaggable, []);
  });

  it("lists every type with tags that the components make", () => {
    const made = azureTypesMade(join(root, "components"));
    assert.deepEqual(
      made.filter((type) => takesTags(type) && !taggableAzureTypes.has(type)),
      [],
    );
  });
});

/** Whether the SDK's arguments of a type have `tags` as a map. */
function takesTags(type: string): boolean {
  const [, module, name] = type.split(":") as [string, string, string];
  const file = `${name[0]!.toLowerCase()}${name.slice(1)}.d.ts`;
  const sdk = dirname(require.resolve("@pulumi/azure-native/package.json"));
  // PublicIPAddress lives in publicIPAddress.d.ts, NatGateway in natGateway.d.ts.
  const text = readFileSync(join(sdk, module, file), "utf8");
  const args = text.slice(text.indexOf(`export interface ${name}Args`));
  return /^ +tags\?: pulumi\.Input<\{$/m.test(args);
}

/** Azure types constructed in a folder's sources, from their namespace imports. */
function azureTypesMade(folder: string): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.includes("node_modules")) {
      continue;
    }
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, alias, module] of text.matchAll(
      /import \* as (\w+) from "@pulumi\/azure-native\/(\w+)"/g,
    )) {
      for (const [, name] of text.matchAll(new RegExp(`new ${alias}\\.(\\w+)\\(`, "g"))) {
        found.add(`azure-native:${module}:${name}`);
      }
    }
  }
  return [...found].sort();
}
