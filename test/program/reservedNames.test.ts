import assert from "node:assert/strict";
import { resolve } from "node:path";
import { platformLabels } from "@mlplatform/contracts/platformLabels";
import { platformNamespaces } from "@mlplatform/contracts/platformNames";
import { projectNameProblems } from "../../components/mlProject/projectNames";
import type { PreviewResource } from "../../preview/engine/programRun";
import { previewStack } from "../../preview/engine/previewStack";
import { deployable } from "../preview/deployable";

const root = resolve(__dirname, "../..");

/** Stacks, and choices that bring other namespaces. */
const runs: [stack: string, changes: Record<string, unknown>][] = [
  ["local", {}],
  ["local", { dataLake: { kind: "seaweedfs" } }],
  ["dev", {}],
  ["prod", {}],
];

/** Namespaces that the program makes or installs something in, but for the projects' own. */
function namespacesOf(resources: PreviewResource[]): Set<string> {
  const kubernetes = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  const namespaces = kubernetes.filter(({ type }) => type === "kubernetes:core/v1:Namespace");
  const nameOf = ({ inputs }: PreviewResource) => (inputs as any).metadata?.name as unknown;
  const ofProjects = namespaces
    .filter(({ inputs }) => (inputs as any).metadata.labels?.[platformLabels.project])
    .map(nameOf);
  const used = kubernetes.map(({ inputs }) => {
    const { namespace, metadata } = inputs as any;
    return namespace ?? metadata?.namespace;
  });
  const all = [...namespaces.map(nameOf), ...used].filter((name) => typeof name === "string");
  return new Set(all.filter((name) => !ofProjects.includes(name)));
}

describe("names that no project can have", function () {
  this.timeout(120_000);
  const found = new Set<string>();

  before(async () => {
    for (const [stack, changes] of runs) {
      const config = deployable(stack, changes);
      const { result } = await previewStack({ projectDir: root, stack, config, mode: "up" });
      assert.ok(result.succeeded, JSON.stringify(result.diagnostics));
      for (const name of namespacesOf(result.resources)) {
        found.add(name);
      }
    }
  });

  it("are those of every namespace of the program", () => {
    assert.deepEqual(
      [...found].filter((name) => projectNameProblems("name", name).length === 0),
      [],
    );
    const made = Object.values(platformNamespaces).filter((name) => !found.has(name));
    assert.deepEqual(made, [], "names of namespaces that no stack has");
  });
});
