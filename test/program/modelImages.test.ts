import assert from "node:assert/strict";
import { resolve } from "node:path";
import { findImages } from "../../charts/images/findImages";
import { imageParts } from "../../components/kubernetes/imageName";
import { previewStack } from "../../preview/engine/previewStack";
import type { PreviewResource } from "../../preview/engine/programRun";
import { deployable } from "../preview/deployable";
import { ofKind } from "./production/workloads";

/** Registries whose tags anyone may resolve. */
const openToAll = ["docker.io", "gcr.io", "ghcr.io", "nvcr.io", "quay.io", "registry.k8s.io"];

const cases: [name: string, stack: string, images: Record<string, string>][] = [
  ["dev", "dev", {}],
  ["prod", "prod", {}],
  ["prod with its images in a registry of its own", "prod", { registry: "acme.azurecr.io/mirror" }],
];

/** Images that Knative starts: the runtimes', and what KServe puts beside them. */
function modelImages(resources: PreviewResource[]): string[] {
  const releases = resources.filter(({ name }) => /^serving-kserve-/.test(name));
  const runtimes = ofKind(resources, "ClusterServingRuntime");
  assert.ok(releases.length >= 3 && runtimes.length >= 1);
  return [...releases.map(({ inputs }) => inputs["values"]), ...runtimes].flatMap(findImages);
}

describe("images of models", function () {
  this.timeout(120_000);

  for (const [name, stack, images] of cases) {
    it(`start from a tag in ${name}, though only nodes may read the registry`, async () => {
      const { result } = await previewStack({
        projectDir: resolve(__dirname, "../.."),
        stack,
        mode: "up",
        config: deployable(stack, { images: { preloaded: true, ...images } }),
      });
      const [knative] = ofKind(result.resources, "KnativeServing");
      const { deployment } = knative!["spec"].config;
      const left = String(deployment["registries-skipping-tag-resolving"] ?? "").split(",");
      const stuck = modelImages(result.resources).filter(
        (image) =>
          !image.includes("@sha256:") &&
          ![...openToAll, ...left].includes(imageParts(image).registry),
      );
      assert.deepEqual(stuck, []);
      // What projects push, they push here.
      const registry = result.resources.find(
        ({ name: logical }) => logical === "churn-variable-REGISTRY",
      );
      assert.ok(registry, "the project knows a registry");
      assert.ok(left.includes(String(registry.inputs["value"])), left.join());
      // Knative's own default stays.
      assert.ok(left.includes("kind.local"));
    });
  }
});
