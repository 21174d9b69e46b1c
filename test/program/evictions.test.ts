import assert from "node:assert/strict";
import { resolve } from "node:path";
import { previewStack } from "../../preview/engine/previewStack";
import type { PreviewResource } from "../../preview/engine/programRun";
import { allowedDisruptions, type BudgetedPods } from "../charts/disruptions";
import { selects } from "../cluster/labelSelector";
import { ofKind, workloadsOf } from "./production/workloads";
import { deployable } from "../preview/deployable";

/** The stacks, and prod with other numbers of pods. */
const cases: [name: string, stack: string, config: Record<string, unknown>][] = [
  ["local", "local", {}],
  ["dev", "dev", {}],
  ["prod", "prod", {}],
  [
    "prod with two pods of everything",
    "prod",
    {
      serving: { replicas: 2, internalLoadBalancer: true },
      mlflow: { databaseInstances: 2, replicas: 2 },
      dataLake: { kind: "seaweedfs", replicas: 2 },
      observability: { inferenceReplicas: 2, replicas: 2 },
    },
  ],
];

/**
 * Budgets that Knative's manifests bring, unless the KnativeServing overrides them
 * (knative/operator knative-v1.23.0, kodata/knative-serving/1.22.1/2-serving-core.yaml).
 */
const knativeBudgets = { "activator-pdb": "80%", "webhook-pdb": "80%" };

function budgetsOf(resources: PreviewResource[]): BudgetedPods[] {
  return [...ownBudgets(resources), ...ofKnative(resources), ...ofCloudNativePg(resources)];
}

function ownBudgets(resources: PreviewResource[]): BudgetedPods[] {
  const servers = workloadsOf(resources).filter(({ lifetime }) => lifetime === "server");
  const databases = ofKind(resources, "Cluster").map(({ metadata, spec }) => ({
    namespace: metadata.namespace,
    labels: { "cnpg.io/cluster": metadata.name, "cnpg.io/podRole": "instance" },
    replicas: spec.instances,
  }));
  return ofKind(resources, "PodDisruptionBudget").map(({ metadata, spec }) => ({
    ...spec,
    name: metadata.name,
    pods: [...servers, ...databases]
      .filter(
        ({ namespace, labels }) =>
          namespace === metadata.namespace && selects(spec.selector, labels),
      )
      .reduce((sum, { replicas }) => sum + replicas, 0),
  }));
}

function ofKnative(resources: PreviewResource[]): BudgetedPods[] {
  return ofKind(resources, "KnativeServing").flatMap(({ spec }) =>
    Object.entries(knativeBudgets).map(([name, minAvailable]) => ({
      name,
      pods: spec["high-availability"].replicas,
      ...(spec.podDisruptionBudgets?.find((override: any) => override.name === name) ?? {
        minAvailable,
      }),
    })),
  );
}

/** The operator's: one over the primary and, from three instances on, one over the standbys. */
function ofCloudNativePg(resources: PreviewResource[]): BudgetedPods[] {
  return ofKind(resources, "Cluster")
    .filter(({ spec }) => spec.enablePDB !== false)
    .flatMap(({ metadata: { name }, spec: { instances } }) => [
      { name: `${name}-primary`, minAvailable: 1, pods: 1 },
      ...(instances >= 3 ? [{ name, minAvailable: instances - 2, pods: instances - 1 }] : []),
    ]);
}

describe("a node that is drained", function () {
  this.timeout(120_000);

  for (const [name, stack, config] of cases) {
    it(`is held up by no budget of ${name}`, async () => {
      const { result } = await previewStack({
        projectDir: resolve(__dirname, "../.."),
        stack,
        mode: "up",
        config: deployable(stack, config),
      });
      assert.ok(result.succeeded, JSON.stringify(result.diagnostics));
      const budgets = budgetsOf(result.resources);
      assert.ok(budgets.length >= 2);
      assert.deepEqual(
        budgets.filter((budget) => allowedDisruptions(budget) < 1),
        [],
      );
    });
  }

  const rows: [budget: Omit<BudgetedPods, "name">, allowed: number][] = [
    [{ minAvailable: "80%", pods: 1 }, 0],
    [{ minAvailable: "80%", pods: 3 }, 0],
    [{ minAvailable: "80%", pods: 5 }, 1],
    [{ minAvailable: 1, pods: 1 }, 0],
    [{ minAvailable: 2, pods: 3 }, 1],
    [{ maxUnavailable: 1, pods: 1 }, 1],
    [{ maxUnavailable: "25%", pods: 2 }, 1],
    [{ maxUnavailable: 0, pods: 3 }, 0],
    [{ maxUnavailable: 1, pods: 0 }, 0],
    [{ pods: 3 }, 0],
  ];
  for (const [budget, allowed] of rows) {
    it(`may lose ${allowed} of ${budget.pods} pods with ${JSON.stringify(budget)}`, () => {
      assert.equal(allowedDisruptions({ name: "budget", ...budget }), allowed);
    });
  }
});
