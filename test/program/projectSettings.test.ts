import assert from "node:assert/strict";
import { resolve } from "node:path";
import { readChartImages } from "../../charts/images/chartImages";
import { checkConfig } from "../../program/problems";
import { projectSettingsOf } from "../../program/projectSettings";
import { registryPattern } from "../../policy/rules/imageReference";
import { previewStack } from "../../preview/engine/previewStack";
import { deployable, deployableConfig } from "../preview/deployable";

const root = resolve(__dirname, "../..");

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** A stack's configuration with changes. */
function configOf(stack: string, changes: Record<string, unknown> = {}) {
  const own = Object.entries(deployableConfig(stack))
    .filter(([key]) => key.startsWith("mlplatform:"))
    .map(([key, value]) => [key.slice("mlplatform:".length), value] as const);
  const checked = checkConfig({ ...Object.fromEntries(own), ...changes });
  assert.ok("config" in checked, JSON.stringify(checked));
  return checked.config;
}

describe("what a stack holds its projects to", () => {
  it("is its own registries, known or not, and those that it names", () => {
    const config = configOf("prod", {
      policies: {
        requireDigests: true,
        registries: ["ghcr.io/acme"],
        priorityClasses: ["nightly"],
      },
    });
    const unknown = projectSettingsOf(config, { digests: {} });
    assert.deepEqual(unknown.registries, [
      "coreregistry????????.azurecr.io",
      "churnregistry????????.azurecr.io",
      "pricingregistry????????.azurecr.io",
      "ghcr.io/acme",
    ]);
    const registries = ["coreregistry1.azurecr.io"];
    const known = projectSettingsOf(config, { registries, digests: {} });
    assert.deepEqual(known.registries, [...registries, "ghcr.io/acme"]);
    assert.equal(known.requireDigests, true);
    assert.deepEqual(known.priorityClasses, ["nightly"]);
  });

  it("lets the pods of KServe's own runtimes run, which name no image themselves", () => {
    const { images } = readChartImages()["kserve-runtime-configs"]!;
    assert.ok(images.length >= 10);
    const { platformImages = [] } = projectSettingsOf(configOf("prod"), { digests: {} });
    assert.deepEqual(
      images.filter((image) => !platformImages.includes(image)),
      [],
    );
  });

  it("knows all but the random part of its registries' names", async () => {
    const { result } = await previewStack({
      projectDir: root,
      stack: "prod",
      config: deployable("prod"),
      mode: "up",
    });
    const made = result.resources
      .filter(({ type }) => type === "azure-native:containerregistry:Registry")
      .map(({ inputs }) => `${String((inputs as any).registryName)}.azurecr.io/a`);
    const { registries = [] } = projectSettingsOf(configOf("prod"), { digests: {} });
    assert.equal(made.length, 3);
    for (const image of made) {
      assert.equal(
        registries.filter((name) => new RegExp(registryPattern(name)).test(image)).length,
        1,
        image,
      );
    }
  }).timeout(120_000);

  it("is the mirror and the prefix of images, with what the platform itself puts into pods", () => {
    const prefix = "ghcr.io/acme/mlplatform";
    const config = configOf("local", { images: { registry: "acme.azurecr.io/mirror", prefix } });
    const digests = {
      [prefix]: {
        "log-offloader:0.0.9": digest("1"),
        "log-offloader:0.1.0": digest("2"),
        "model-server:0.1.0": digest("3"),
      },
    };
    const settings = projectSettingsOf(config, { digests });
    assert.deepEqual(settings.registries, ["acme.azurecr.io/mirror", prefix]);
    assert.deepEqual(settings.offloaderImages, [
      `acme.azurecr.io/mirror/acme/mlplatform/log-offloader:0.0.9@${digest("1")}`,
      `acme.azurecr.io/mirror/acme/mlplatform/log-offloader:0.1.0@${digest("2")}`,
    ]);
    const { platformImages = [] } = settings;
    for (const image of [
      "acme.azurecr.io/mirror/kserve/agent:v0.20.0",
      "acme.azurecr.io/mirror/kserve/storage-initializer:v0.20.0",
      `acme.azurecr.io/mirror/acme/mlplatform/model-server:0.1.0@${digest("3")}`,
    ]) {
      assert.ok(platformImages.includes(image), `${image} of\n${platformImages.join("\n")}`);
    }
    assert.ok(platformImages.some((image) => image.includes("/serving/cmd/queue@sha256:")));
  });

  it("is the offloader that stands in its place, and no other version of it", () => {
    const image = `ghcr.io/acme/offloader@${digest("4")}`;
    const config = configOf("local", { images: { preloaded: true, logOffloader: image } });
    const settings = projectSettingsOf(config, { digests: {} });
    assert.deepEqual(settings.offloaderImages, [image]);
    assert.deepEqual(settings.registries, ["localhost/mlplatform"]);
    assert.equal(settings.requireDigests, undefined);
  });
});
