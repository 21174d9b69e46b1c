import assert from "node:assert/strict";
import { resolve } from "node:path";
import { findImages } from "../../automation/images/findImages";
import { previewStack } from "../../automation/preview/engine";
import type { PreviewResource } from "../../automation/preview/result";

const registry = "registry.example.com:5000/mirror";
const pinned = `ghcr.io/acme/mlflow@sha256:${"0".repeat(64)}`;

/** The custom resources of a stack with its images and charts from elsewhere. */
async function previewed(
  stack: string,
  images: Record<string, string>,
  charts: Record<string, string>,
): Promise<PreviewResource[]> {
  const { result } = await previewStack({
    projectDir: resolve(__dirname, "../.."),
    stack,
    config: {
      "mlplatform:images": JSON.stringify(images),
      "mlplatform:charts": JSON.stringify(charts),
    },
  });
  assert.deepEqual(
    result.diagnostics.filter(({ severity }) => severity === "error"),
    [],
  );
  return result.resources.filter(({ custom }) => custom);
}

describe("an installation without the internet", function () {
  this.timeout(120_000);

  it("names every image in the stack's registry, and every chart in its mirror", async () => {
    const resources = await previewed(
      "prod",
      { registry, mlflow: pinned },
      { source: "mirror", url: "oci://registry.example.com/charts" },
    );
    const images = resources.flatMap(({ inputs }) => findImages(inputs));
    assert.ok(images.length >= 30, `${images.length} images`);
    assert.deepEqual(
      images.filter((image) => !image.startsWith(`${registry}/`)),
      [],
    );
    assert.ok(images.includes(`${registry}/acme/mlflow@sha256:${"0".repeat(64)}`));

    const releases = resources.filter(({ type }) => type.endsWith(":Release"));
    assert.ok(releases.length >= 15, `${releases.length} releases`);
    for (const { name, inputs } of releases) {
      assert.match(inputs.chart as string, /^oci:\/\/registry\.example\.com\/charts\/[a-z-]+$/);
      assert.deepEqual(inputs.repositoryOpts, {}, name);
    }
  });

  it("takes every chart from a folder, at its version", async () => {
    const resources = await previewed("local", {}, { source: "directory", path: "../charts" });
    const releases = resources.filter(({ type }) => type.endsWith(":Release"));
    for (const { inputs } of releases) {
      assert.ok(
        (inputs.chart as string).endsWith(`-${String(inputs.version)}.tgz`),
        String(inputs.chart),
      );
      assert.match(inputs.chart as string, /^\.\.\/charts\//);
    }
    assert.ok(releases.some(({ inputs }) => inputs.chart === "../charts/kueue-0.19.2.tgz"));
  });
});
