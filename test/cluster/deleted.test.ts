import assert from "node:assert/strict";
import { applyAll, titleOf } from "./applyAll";
import type { KubeObject } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, takeProdCluster } from "./stackCluster";
import { templateObjects } from "./stackObjects";

describe("prod is destroyed on a real control plane", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  let left: KubeObject[];

  before(async () => {
    at = await takeProdCluster();
    // A project is in use when it goes.
    assert.deepEqual(
      [...at.refused, ...(await applyAll(at.cluster.api, templateObjects("churn")))],
      [],
    );
    const goes = at.objects.filter(({ stays }) => !stays).map(({ object }) => object);
    // As Pulumi does it: what depends on something goes before it.
    for (const object of goes.toReversed()) {
      await at.cluster.api.delete(object);
    }
    await at.cluster.until("what goes is gone", async () => {
      const stuck = (await found()).filter((object) => goes.includes(object)).map(titleOf);
      return { done: stuck.length === 0, seen: stuck };
    });
    left = await found();
  });
  after(() => at?.cluster.stop());

  /** Those of the stack's objects that are there. */
  async function found(): Promise<KubeObject[]> {
    const seen: KubeObject[] = [];
    for (const { object } of at.objects) {
      if (await at.cluster.api.get(object)) {
        seen.push(object);
      }
    }
    return seen;
  }

  it("what stays is exactly what is registered to stay", () => {
    const meant = at.objects.filter(({ stays }) => stays).map(({ object }) => titleOf(object));
    assert.deepEqual(left.map(titleOf).sort(), meant.sort());
    assert.ok(meant.length > 0);
    console.log(
      `      ${at.objects.length - meant.length} objects went, ${meant.length} stay: ` +
        `${meant.join(", ")}`,
    );
  });

  it("everything that stays lies in a namespace that stays", () => {
    const namespaces = left.filter(({ kind }) => kind === "Namespace").map((o) => o.metadata.name);
    for (const object of left) {
      const { namespace } = object.metadata;
      if (namespace) {
        assert.ok(namespaces.includes(namespace), titleOf(object));
      }
    }
  });

  it("the namespaces that go end, with all that people put into them", async () => {
    const all = await at.cluster.api.list("v1", "Namespace");
    const ours = new Set(
      at.objects
        .filter(({ object }) => object.kind === "Namespace")
        .map((o) => o.object.metadata.name),
    );
    const remaining = all.filter(({ metadata }) => ours.has(metadata.name));
    assert.deepEqual(
      remaining.map(({ metadata, status }) => `${metadata.name} ${status.phase}`).sort(),
      left
        .filter(({ kind }) => kind === "Namespace")
        .map(({ metadata }) => `${metadata.name} Active`)
        .sort(),
    );
  });
});
