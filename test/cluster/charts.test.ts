import assert from "node:assert/strict";
import { renderCharts } from "../charts/renderCharts";
import { applyAll, titleOf } from "./applyAll";
import { type KubeObject, Refusal } from "./kubeApi";
import { skipWithoutBed } from "./noBed";
import { stacks } from "./stackObjects";
import { podsOf } from "./podTemplates";
import { startStackCluster } from "./stackCluster";
import type { TestCluster } from "./testCluster";

/**
 * Kinds that make the API server call a pod, which does not run here: they are checked, not kept.
 */
const callsOut = /^(MutatingWebhookConfiguration|ValidatingWebhookConfiguration|APIService)$/;

describe("charts, rendered with the program's values", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);

  before(function () {
    if (process.env.MLP_CHARTS) {
      return;
    }
    console.log("    skipped: MLP_CHARTS names no folder of charts, and none is downloaded");
    this.skip();
  });

  for (const stack of stacks) {
    it(`every object of the charts of ${stack} is accepted by a real API server, and its pods`, async () => {
      // With the namespaces of the program, whose labels decide which pods may run.
      const { cluster } = await startStackCluster(stack);
      try {
        const releases = await renderCharts(stack);
        assert.ok(releases.length > 0);
        const refused: string[] = [];
        let count = 0;
        let pods = 0;
        for (const { name, namespace, objects } of releases) {
          const placed = await placedObjects(cluster, objects, namespace);
          const called = placed.filter(({ kind }) => callsOut.test(kind));
          const refusals = [
            ...(await applyAll(
              cluster.api,
              placed.filter((object) => !called.includes(object)),
            )),
            ...(await applyAll(cluster.api, called, true)),
          ];
          refused.push(...refusals.map((text) => `${name}: ${text}`));
          count += placed.length;
          for (const { source, pod } of podsOf(placed)) {
            pods++;
            try {
              await cluster.api.create(pod, true);
            } catch (error) {
              if (!(error instanceof Refusal)) {
                throw error;
              }
              refused.push(`${name}: pod of ${source}: ${error.message}`);
            }
          }
        }
        console.log(
          `      ${releases.length} releases, ${count} objects, ${pods} pods, ` +
            `${refused.length} refused`,
        );
        assert.deepEqual(refused, []);
      } finally {
        await cluster.stop();
      }
    });
  }

  /** Objects of a release in the order in which Helm installs them, in their namespaces. */
  async function placedObjects(
    cluster: TestCluster,
    objects: KubeObject[],
    namespace: string,
  ): Promise<KubeObject[]> {
    const early = [
      "Namespace",
      "CustomResourceDefinition",
      "ServiceAccount",
      "ConfigMap",
      "Secret",
    ];
    const rank = ({ kind }: KubeObject) =>
      early.includes(kind) ? early.indexOf(kind) : early.length;
    const placed = objects.toSorted((a, b) => rank(a) - rank(b));
    const crds = placed.filter(({ kind }) => kind === "CustomResourceDefinition");
    assert.deepEqual(await applyAll(cluster.api, crds), []);
    await cluster.until(`CRDs of ${crds.length} kinds are served`, async () => {
      const waiting = [];
      for (const { spec } of crds) {
        const version = spec.versions.find(({ served }: { served: boolean }) => served).name;
        if (!(await cluster.api.knows(`${spec.group}/${version}`, spec.names.kind))) {
          waiting.push(spec.names.kind);
        }
      }
      return { done: waiting.length === 0, seen: waiting };
    });
    const others = placed.filter(({ kind }) => kind !== "CustomResourceDefinition");
    const namespaces = new Set([namespace, ...others.map(({ metadata }) => metadata.namespace)]);
    for (const name of namespaces) {
      if (name) {
        await cluster.api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      }
    }
    const inNamespace = [];
    for (const object of others) {
      const isNamespaced = await cluster.api.isNamespaced(object);
      const metadata = { ...object.metadata };
      if (isNamespaced) {
        metadata.namespace ??= namespace;
      }
      assert.ok(metadata.name, titleOf(object));
      inNamespace.push({ ...object, metadata });
    }
    return inNamespace;
  }
});
