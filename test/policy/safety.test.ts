import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { requireOwnershipTags } from "../../policy/policies/safety/requireOwnershipTags";
import { requirePinnedImages } from "../../policy/policies/safety/requirePinnedImages";
import { taggableAzureTypes } from "../../policy/rules/ownershipTags";
import { analyze, unknown } from "./analyze";

const clean = { violations: [], undecided: [], notApplicable: undefined };
const root = resolve(__dirname, "../..");

describe("policy: ownership tags", () => {
  const tags = { owner: "platform", project: "ml", environment: "dev", costCenter: "4711" };
  const account = (given: object | undefined) => ({
    type: "azure-native:storage:StorageAccount",
    name: "core-audit",
    props: given === undefined ? {} : { tags: given },
  });

  it("accepts all four tags", async () => {
    assert.deepEqual(await analyze(requireOwnershipTags, account(tags)), clean);
  });

  it("names each tag that is missing or empty", async () => {
    const analysis = await analyze(
      requireOwnershipTags,
      account({ project: "ml", environment: "dev", costCenter: "" }),
    );
    assert.deepEqual(analysis.violations, [
      '"core-audit" lacks the tags owner, costCenter: add them to its tags.',
    ]);
  });

  it("takes no tags at all for all missing", async () => {
    assert.deepEqual((await analyze(requireOwnershipTags, account(undefined))).violations, [
      '"core-audit" lacks the tags owner, project, environment, costCenter: add them to its tags.',
    ]);
  });

  it("asks for the tags that its config names", async () => {
    const config = { required: ["team"] };
    assert.deepEqual((await analyze(requireOwnershipTags, account(tags), config)).violations, [
      '"core-audit" lacks the tags team: add them to its tags.',
    ]);
  });

  it("does not apply to types without tags", async () => {
    const subject = { type: "azure-native:network:Subnet", name: "nodes", props: {} };
    assert.equal(
      (await analyze(requireOwnershipTags, subject)).notApplicable,
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

describe("policy: pinned images", () => {
  const deployment = (image: unknown, list = "containers") => ({
    type: "kubernetes:apps/v1:Deployment",
    name: "server",
    props: { spec: { template: { spec: { [list]: [{ name: "main", image }] } } } },
  });
  const violations = async (image: string, list?: string) =>
    (await analyze(requirePinnedImages, deployment(image, list))).violations;
  const pinned = [
    "registry.example:5000/team/server:1.4.2",
    "postgres:17.6",
    "minio:RELEASE.2025-09-07T16-13-09Z",
    "server:main-3f2c1ab",
    `server@sha256:${"0a".repeat(32)}`,
    `server:latest@sha256:${"0a".repeat(32)}`,
  ];
  for (const image of pinned) {
    it(`accepts ${image}`, async () => {
      assert.deepEqual(await violations(image), []);
    });
  }

  const moving: [string, string][] = [
    ["server", "it has no tag"],
    ["registry.example:5000/server", "it has no tag"],
    ["server:latest", 'the tag "latest" moves'],
    ["postgres:17", 'the tag "17" moves'],
    ["server@sha256:0a", "its digest is not sha256 with 64 hex digits"],
  ];
  for (const [image, reason] of moving) {
    it(`refuses ${image}`, async () => {
      assert.deepEqual(await violations(image), [
        `Container "main" of "server" runs "${image}", but ${reason}: pin an exact version or a digest.`,
      ]);
    });
  }

  it("looks at init containers", async () => {
    assert.equal((await violations("server:latest", "initContainers")).length, 1);
  });

  it("looks into every worker group of a Ray job", async () => {
    const template = (image: string) => ({
      template: { spec: { containers: [{ name: "ray", image }] } },
    });
    const job = {
      type: "kubernetes:ray.io/v1:RayJob",
      name: "train",
      props: {
        spec: {
          rayClusterSpec: {
            headGroupSpec: template("ray:2.50.0"),
            workerGroupSpecs: [template("ray:2.50.0"), template("ray:nightly")],
          },
        },
      },
    };
    assert.deepEqual((await analyze(requirePinnedImages, job)).violations, [
      'Container "ray" of "train" runs "ray:nightly", but the tag "nightly" moves: pin an exact version or a digest.',
    ]);
  });

  it("decides although other values of the object are unknown", async () => {
    const subject = deployment("server:1.4.2");
    const props = { ...subject.props, metadata: { namespace: unknown } };
    assert.deepEqual(await analyze(requirePinnedImages, { ...subject, props }), clean);
  });

  it("stays undecided where the image is unknown", async () => {
    assert.equal((await analyze(requirePinnedImages, deployment(unknown))).undecided.length, 1);
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
    if (!file.endsWith(".ts") || file.includes("node_modules")) continue;
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
