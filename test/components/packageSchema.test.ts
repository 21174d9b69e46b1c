import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema";
import * as components from "../../components";
import { servedSchema } from "./packagePlugin";

const root = resolve(__dirname, "../..");
const folder = join(root, "components");
const goldenFile = join(root, "test/golden/packageSchema.json");
const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

const componentNames = [
  "AdmissionPolicies",
  "AksPlatform",
  "DataLake",
  "LakeAccess",
  "MlProject",
  "MlflowStack",
  "ObservabilityStack",
  "RayStack",
  "ServingMesh",
];

/** The schema as Pulumi infers it from the sources. */
function inferredSchema(): any {
  const { name, version, description } = manifest;
  const analyzer = new Analyzer(folder, name, manifest, new Set(componentNames));
  const { components: found, typeDefinitions, dependencies } = analyzer.analyze();
  const schema = generateSchema(name, version, description, found, typeDefinitions, dependencies);
  return sorted(JSON.parse(JSON.stringify(schema)));
}

/** With keys in order, so that moving a declaration changes nothing. */
function sorted(value: any): any {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

/** What a program depends on: names, types, what is required. Words may change freely. */
function withoutDescriptions(value: any): any {
  if (Array.isArray(value)) {
    return value.map(withoutDescriptions);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const kept = Object.entries(value).filter(
    ([key, inner]) => !(key === "description" && typeof inner === "string"),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutDescriptions(inner)]));
}

describe("the package for other languages", function () {
  // Both type-check the sources with the SDKs, which takes tens of seconds on a busy machine.
  this.timeout(300_000);
  let schema: any;
  before(() => {
    schema = inferredSchema();
  });

  it("offers every component that the entry file exports, and no other", () => {
    const exported = Object.entries<any>(components)
      .filter(([, value]) => isComponent(value))
      .map(([name]) => name)
      .sort();
    assert.deepEqual(exported, componentNames);
    assert.deepEqual(
      Object.keys(schema.resources),
      componentNames.map((name) => `mlplatform:index:${name}`),
    );
  });

  it("has the reviewed schema (UPDATE_GOLDEN=1 writes a new one)", () => {
    const reviewed = withoutDescriptions(schema);
    if (process.env.UPDATE_GOLDEN === "1") {
      writeFileSync(goldenFile, `${JSON.stringify(reviewed, null, 2)}\n`);
    }
    assert.deepEqual(reviewed, JSON.parse(readFileSync(goldenFile, "utf8")));
  });

  it("leaks no internal field as an output", () => {
    for (const [token, { properties }] of Object.entries<any>(schema.resources)) {
      for (const [name, property] of Object.entries<any>(properties ?? {})) {
        assert.ok(property.description, `${token}.${name} is an output without a description`);
      }
    }
  });

  it("answers getSchema when Pulumi runs it as a plugin", async () => {
    assert.deepEqual(sorted(JSON.parse(await servedSchema(folder))), schema);
  });

  it("compiles with Pulumi's own settings, as in the folder of a Python program", async () => {
    assert.deepEqual(sorted(JSON.parse(await servedSchema(folder, tmpdir()))), schema);
  });
});

function isComponent(value: any): boolean {
  return typeof value === "function" && value.prototype instanceof pulumi.ComponentResource;
}
