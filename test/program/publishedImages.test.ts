import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findImages } from "../../charts/images/findImages";
import { recordDigests } from "../../images/publishImages";
import { previewStack } from "../../preview/engine/previewStack";
import { type OwnImageName, ownImages, taggedName } from "../../program/ownImages";
import { ownImageNames, readImageDigests, unpublishedPrefix } from "../../program/publishedImages";
import { deployable } from "../preview/deployable";

const root = resolve(__dirname, "../..");
const prefix = "ghcr.io/acme/mlplatform";
const digest = `sha256:${"7".repeat(64)}`;
const names = Object.keys(ownImages) as OwnImageName[];
const all = Object.fromEntries(names.map((name) => [taggedName(ownImages[name]), digest]));

/** A preview or an update of a stack, with what it says and the own images that it names. */
async function run(stack: string, mode: "preview" | "up", images?: object) {
  const { "mlplatform:images": preloaded, ...config } = deployable(stack);
  assert.ok(preloaded);
  const { result } = await previewStack({
    projectDir: root,
    stack,
    mode,
    config: { ...config, ...(images && { "mlplatform:images": JSON.stringify(images) }) },
  });
  const says = (wanted: string) =>
    result.diagnostics.filter(({ severity }) => severity === wanted).map(({ message }) => message);
  const made = result.resources.filter(({ custom }) => custom);
  const variables = made.flatMap(({ inputs }) =>
    typeof inputs.value === "string" ? [inputs.value] : [],
  );
  const named = [...made.flatMap(({ inputs }) => findImages(inputs)), ...variables].filter(
    (image) => image.startsWith(unpublishedPrefix),
  );
  return {
    made: made.length,
    warnings: says("warning"),
    errors: says("error"),
    unpublished: [...new Set(named)].sort(),
  };
}

describe("the names of the own images", () => {
  it("carry version and digest under the stack's prefix", () => {
    const { images, unpublished } = ownImageNames({ prefix }, { [prefix]: all });
    assert.equal(images.mlflow, `${prefix}/mlflow:${ownImages.mlflow.tag}@${digest}`);
    assert.deepEqual(unpublished, []);
  });

  it("mark what is recorded under another prefix, at another version, or not at all", () => {
    const others = { "ghcr.io/other": all, [prefix]: { "mlflow:0.0.1": digest } };
    for (const from of [{ prefix }, {}]) {
      const { images, unpublished } = ownImageNames(from, others);
      assert.deepEqual(unpublished, names);
      assert.ok(Object.values(images).every((image) => image.startsWith(unpublishedPrefix)));
    }
  });

  it("are of no registry where the nodes have them", () => {
    const { images, unpublished } = ownImageNames({ preloaded: true }, {});
    assert.equal(images.logOffloader, "localhost/mlplatform/log-offloader:0.1.0");
    assert.deepEqual(unpublished, []);
  });
});

describe("recorded digests", () => {
  let file: string;

  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), "mlplatform-digests-")), "imageDigests.json");
    writeFileSync(file, "{}\n");
  });
  afterEach(() => {
    rmSync(join(file, ".."), { recursive: true });
  });

  it("are added to those that are there", () => {
    recordDigests(file, prefix, { "mlflow:0.1.0": digest });
    recordDigests(file, "acme.azurecr.io/mlplatform", { "minio:0.1.0": digest });
    recordDigests(file, prefix, { "log-offloader:0.1.0": digest });
    assert.deepEqual(readImageDigests(file), {
      "acme.azurecr.io/mlplatform": { "minio:0.1.0": digest },
      [prefix]: { "log-offloader:0.1.0": digest, "mlflow:0.1.0": digest },
    });
  });

  it("must be sha256", () => {
    writeFileSync(file, JSON.stringify({ [prefix]: { "mlflow:0.1.0": "latest" } }));
    assert.throws(() => readImageDigests(file), /mlflow:0\.1\.0/);
  });
});

describe("a stack whose own images nobody published", function () {
  this.timeout(400_000);

  for (const stack of ["dev", "prod"]) {
    it(`${stack}: a preview warns of exactly those that it marks`, async () => {
      const { warnings, errors, unpublished } = await run(stack, "preview");
      assert.deepEqual(errors, []);
      const [warning] = warnings;
      const said = /own images (.+) are not published/.exec(warning!)![1]!.split(", ");
      assert.deepEqual(unpublished, said.map((name) => `${unpublishedPrefix}/${name}`).sort());
      assert.match(warning!, /mlp -- images bootstrap/);
    });
  }

  it("is refused by an update before anything is made, with the command", async () => {
    const { made, errors } = await run("dev", "up");
    assert.equal(made, 0);
    assert.match(
      errors.join("\n"),
      /Pulumi\.dev\.yaml: the platform's own images .*mlflow:0\.1\.0.* are not published: mlplatform:images\.prefix is not set\. Run "npm run mlp -- images bootstrap"/,
    );
  });

  it("names the prefix that has no digest of them", async () => {
    const { errors } = await run("dev", "up", { prefix: "acme.azurecr.io/mlplatform" });
    assert.match(errors.join("\n"), /has no digest of them under acme\.azurecr\.io\/mlplatform/);
  });

  it("may name others instead, one by one", async () => {
    const replaced = Object.fromEntries(names.map((name) => [name, `ghcr.io/a/b@${digest}`]));
    const { warnings, unpublished } = await run("dev", "preview", replaced);
    assert.deepEqual([warnings, unpublished], [[], []]);
    const { mlflow, ...others } = replaced;
    assert.ok(mlflow);
    const { errors } = await run("dev", "up", others);
    assert.match(errors.join("\n"), /own images mlflow:0\.1\.0 are not published/);
  });

  it("is updated where the nodes have the images, as the stack local has it", async () => {
    const images = { preloaded: true };
    for (const [stack, change] of [["local"], ["dev", images]] as [string, object?][]) {
      const { errors, warnings, made } = await run(stack, "up", change);
      assert.deepEqual([errors, warnings], [[], []]);
      assert.ok(made > 100);
    }
  });
});
