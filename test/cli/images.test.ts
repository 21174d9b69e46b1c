import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runCli } from "./runCli";

describe("mlp images", function () {
  this.timeout(120_000);

  it("lists what a stack pulls, those of its charts and of Knative Serving included", async () => {
    const { code, stdout } = await runCli(["images", "--stack", "local"], { projectDir: root });
    assert.equal(code, 0);
    for (const line of [
      /^localhost\/mlplatform\/mlflow:\S+ +Deployment mlflow-server, Job churn-mlflow-user$/m,
      /^ghcr\.io\/cloudnative-pg\/postgresql:\S+ +Cluster mlflow-database$/m,
      /^docker\.io\/istio\/proxyv2:1\.30\.3 +chart istiod$/m,
      /^gcr\.io\/knative-releases\/\S+\/cmd\/queue@sha256:\w+ +Knative Serving$/m,
      /^local: \d+ images, each from its own registry/m,
    ]) {
      assert.match(stdout, line);
    }
    // No GPU pool, and no repository that trains.
    assert.doesNotMatch(stdout, /k8s-device-plugin|training-base/);
  });

  it("lists names in the stack's registry beside those at the publishers", async () => {
    const projectDir = await mkdtemp(join(tmpdir(), "mlplatform-images-"));
    try {
      const linked = [
        "components",
        "node_modules",
        "policy",
        "program",
        "workloads",
        "package.json",
      ];
      for (const name of linked) {
        await symlink(join(root, name), join(projectDir, name));
      }
      for (const name of ["index.ts", "Pulumi.yaml"]) {
        await cp(join(root, name), join(projectDir, name));
      }
      const stack = await readFile(join(root, "Pulumi.prod.yaml"), "utf8");
      await writeFile(
        join(projectDir, "Pulumi.away.yaml"),
        `${stack}  mlplatform:images: { registry: acme.azurecr.io/ml, mlflow: ` +
          `ghcr.io/acme/mlflow:2.0.0 }\n  mlplatform:charts: { source: directory, path: ` +
          `nowhere }\n`,
      );
      const { code, stdout } = await runCli(["images", "-s", "away", "--json"], { projectDir });
      assert.equal(code, 0);
      const { stack: name, registry, images } = JSON.parse(stdout);
      assert.deepEqual([name, registry], ["away", "acme.azurecr.io/ml"]);
      const named = (source: string) => images.find((image: any) => image.source === source);
      assert.deepEqual(
        named("ghcr.io/acme/mlflow:2.0.0").image,
        "acme.azurecr.io/ml/acme/mlflow:2.0.0",
      );
      assert.deepEqual(named("kserve/agent:v0.20.0"), {
        source: "kserve/agent:v0.20.0",
        image: "acme.azurecr.io/ml/kserve/agent:v0.20.0",
        usedBy: ["chart kserve-resources"],
      });
      assert.deepEqual(named("unpublished.invalid/unpublished/training-base:0.1.0").usedBy, [
        "project churn",
        "project pricing",
      ]);
      assert.ok(images.length >= 60, `${images.length} images`);
      assert.ok(images.every(({ image }: any) => image.startsWith("acme.azurecr.io/ml/")));
      // No two images of different publishers under one name.
      assert.equal(new Set(images.map(({ image }: any) => image)).size, images.length);
    } finally {
      await rm(projectDir, { recursive: true });
    }
  });

  for (const args of [["bilud"], ["bilud", "--stack", "local"]]) {
    it(`names the command that isn't there: ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await runCli(["images", ...args], { projectDir: root });
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^mlp: unknown command 'bilud'\n\(Did you mean build\?\)$/m);
      assert.doesNotMatch(stderr, /--stack/);
    });
  }

  it("suggests no command that is far from what was typed", async () => {
    const { code, stderr } = await runCli(["images", "xyzzyq"], { projectDir: root });
    assert.equal(code, 2);
    assert.match(stderr, /^mlp: unknown command 'xyzzyq'\n\(mlp --help/);
  });

  it("says that a stack's program fails", async () => {
    const { code, stderr } = await runCli(["images", "-s", "nowhere"], { projectDir: root });
    assert.equal(code, 2);
    assert.match(stderr, /Pulumi\.nowhere\.yaml/);
  });
});
