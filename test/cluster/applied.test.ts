import assert from "node:assert/strict";
import { applyAll, titleOf } from "./applyAll";
import { type KubeObject, Refusal } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, prodCluster, startStackCluster } from "./stackCluster";
import { stacks, templateObjects } from "./stackObjects";

describe("applied to a real API server", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);

  for (const stack of stacks) {
    describe(stack, () => {
      let at: StackCluster;
      let applied: KubeObject[];

      before(async () => {
        at = stack === "prod" ? await prodCluster() : await startStackCluster(stack);
        const projects = at.objects
          .filter(({ object }) => object.kind === "Namespace")
          .map(({ object }) => object.metadata)
          .filter(({ labels }) => labels?.["mlplatform.dev/project"])
          .map(({ name }) => name!);
        assert.ok(projects.length > 0, "no project, so the template is applied nowhere");
        const template = projects.flatMap(templateObjects);
        at.refused.push(...(await applyAll(at.cluster.api, template)));
        applied = [...at.objects.map(({ object }) => object), ...template];
      });
      after(() => (stack === "prod" ? undefined : at?.cluster.stop()));

      it("every object of the program and of the project template is accepted", () => {
        const kinds = new Set(applied.map(({ kind }) => kind));
        console.log(
          `      ${applied.length} objects of ${kinds.size} kinds applied, ` +
            `${at.refused.length} refused`,
        );
        assert.deepEqual(at.refused, []);
        assert.ok(applied.length >= 100, `${applied.length} objects`);
      });

      it("an unknown field is refused in every kind of them", async () => {
        const oneOfEach = new Map(applied.map((object) => [object.kind, object]));
        const accepted: string[] = [];
        for (const object of oneOfEach.values()) {
          const bad = structuredClone(object);
          (bad.spec ?? bad).misspelt = true;
          try {
            await at.cluster.api.apply(bad, true);
            accepted.push(titleOf(object));
          } catch (error) {
            if (!(error instanceof Refusal)) {
              throw error;
            }
            assert.match(error.message, /misspelt/, titleOf(object));
          }
        }
        assert.deepEqual(accepted, []);
        assert.ok(oneOfEach.size >= 20, `${oneOfEach.size} kinds`);
      });

      it("what is applied again stays as it is", async () => {
        // A field that two writers fight over, or that is defaulted otherwise, would move each
        // time.
        const before = await generations(at, applied);
        await applyAll(at.cluster.api, applied);
        assert.deepEqual(await generations(at, applied), before);
      });
    });
  }
});

/** `metadata.generation` of each object: it grows when a spec changes. */
async function generations({ cluster }: StackCluster, objects: KubeObject[]) {
  const found: Record<string, unknown> = {};
  for (const object of objects) {
    found[titleOf(object)] = (await cluster.api.get(object))?.metadata.generation;
  }
  return found;
}
