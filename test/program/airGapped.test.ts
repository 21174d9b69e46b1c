import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findImages } from "../../charts/images/findImages";
import { previewStack } from "../../preview/engine/previewStack";
import type { ProgramRun, PreviewResource } from "../../preview/engine/programRun";
import { archiveName } from "../../program/charts";
import { everyChart } from "../../program/versions";

const registry = "registry.example.com:5000/mirror";
const pinned = `ghcr.io/acme/mlflow@sha256:${"0".repeat(64)}`;

/** Previews a stack with its images and charts from elsewhere. */
async function preview(
  stack: string,
  images: Record<string, string>,
  charts: Record<string, string>,
): Promise<ProgramRun> {
  const { result } = await previewStack({
    projectDir: resolve(__dirname, "../.."),
    stack,
    config: {
      "mlplatform:images": JSON.stringify(images),
      "mlplatform:charts": JSON.stringify(charts),
    },
  });
  return result;
}

/** The custom resources of a preview that succeeds. */
async function previewed(...args: Parameters<typeof preview>): Promise<PreviewResource[]> {
  const result = await preview(...args);
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

  describe("with its charts in a folder", () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "mlplatform-charts-"));
      // Nothing but SeaweedFS, which the stack does not use, is missing.
      for (const chart of everyChart.map(archiveName)) {
        if (!chart.startsWith("seaweedfs")) {
          await writeFile(join(folder, chart), "");
        }
      }
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("takes every chart from there, at its version", async () => {
      const resources = await previewed("local", {}, { source: "directory", path: folder });
      const releases = resources.filter(({ type }) => type.endsWith(":Release"));
      assert.ok(releases.length >= 15, `${releases.length} releases`);
      for (const { inputs } of releases) {
        const chart = inputs.chart as string;
        assert.ok(chart.startsWith(`${folder}/`), chart);
        assert.ok(chart.endsWith(`-${String(inputs.version)}.tgz`), chart);
      }
    });

    it("says which charts are not there, before anything is made", async () => {
      await rm(join(folder, "kueue-0.19.2.tgz"));
      await rm(join(folder, "base-1.30.3.tgz"));
      const { resources, diagnostics } = await preview(
        "local",
        {},
        { source: "directory", path: folder },
      );
      assert.deepEqual(
        resources.filter(({ custom }) => custom),
        [],
      );
      assert.match(
        diagnostics.map(({ message }) => message).join("\n"),
        /charts\.path: ".+" has no kueue-0\.19\.2\.tgz, base-1\.30\.3\.tgz\. Fetch them by `helm pull`/,
      );
    });
  });
});
