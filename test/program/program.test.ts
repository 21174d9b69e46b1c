import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { previewStack } from "../../preview/engine/previewStack";
import { deployable } from "../preview/deployable";
import type { ProgramRun } from "../../preview/engine/programRun";

const root = resolve(__dirname, "../..");
const stacks = ["local", "dev", "prod"];

/** What a stack tells: where everything is, and what its user enters elsewhere. */
const outputs = [
  "clusterName",
  "dnsRecord",
  "grafanaUrl",
  "inferenceTableUrl",
  "modelDomain",
  "projectNamespaces",
  "resourceGroupName",
  "trackingUri",
];

/** `type  name` of every custom resource; components, providers and the stack are not counted. */
function customResources(result: ProgramRun): string[] {
  return result.resources
    .filter(({ custom, type }) => custom && !type.startsWith("pulumi:providers:"))
    .map(({ type, name }) => `${type}  ${name}`)
    .sort();
}

describe("program", function () {
  this.timeout(120_000);
  const previews = new Map<string, ProgramRun>();

  before(async () => {
    for (const stack of stacks) {
      const { result } = await previewStack({ projectDir: root, stack, config: deployable(stack) });
      previews.set(stack, result);
    }
  });

  for (const stack of stacks) {
    describe(stack, () => {
      it("runs without an error or a warning", () => {
        const result = previews.get(stack)!;
        assert.deepEqual(
          result.diagnostics.filter(
            ({ severity }) => severity === "error" || severity === "warning",
          ),
          [],
        );
        assert.ok(result.succeeded);
      });

      it("registers exactly the reviewed custom resources", () => {
        const golden = resolve(root, `test/golden/resources.${stack}.txt`);
        const found = customResources(previews.get(stack)!);
        if (process.env.UPDATE_GOLDEN) {
          writeFileSync(golden, `${found.join("\n")}\n`);
        }
        assert.deepEqual(found, readFileSync(golden, "utf8").trimEnd().split("\n"));
      });

      it("leaks no secret", () => {
        assert.deepEqual(previews.get(stack)!.secrets, []);
      });

      it("gives every Kubernetes and GitHub resource an explicit provider", () => {
        for (const { type, urn, provider } of previews.get(stack)!.resources) {
          if (!/^(kubernetes|github):/.test(type)) {
            continue;
          }
          assert.match(provider, /::(cluster|github)::/, `${urn} has provider "${provider}"`);
        }
      });

      it("changes nothing when it is applied twice", async () => {
        const first = await previewStack({
          projectDir: root,
          stack,
          mode: "up",
          config: deployable(stack),
        });
        const second = await previewStack({
          projectDir: root,
          stack,
          mode: "up",
          config: deployable(stack),
          state: first.state,
        });
        assert.deepEqual(Object.keys(second.result.outputs).sort(), outputs);
        const changed = second.result.resources.filter(({ operation }) => operation !== "same");
        assert.deepEqual(
          changed.map(({ urn, operation }) => `${operation} ${urn}`),
          [],
        );
      });
    });
  }

  it("registers at least 100 custom resources for prod", () => {
    assert.ok(customResources(previews.get("prod")!).length >= 100);
  });

  it("makes nothing of Azure or GitHub for local", () => {
    const foreign = previews
      .get("local")!
      .resources.filter(({ type }) => /^(azure-native|github):/.test(type));
    assert.deepEqual(foreign, []);
  });

  it("keeps index.ts a table of contents: under 80 lines, no test of a stage", () => {
    const source = readFileSync(resolve(root, "index.ts"), "utf8");
    assert.ok(source.split("\n").length < 80);
    assert.doesNotMatch(source, /\bif\s*\(|getStack|["']prod["']/);
  });
});
