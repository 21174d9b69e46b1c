import assert from "node:assert/strict";
import { resolve } from "node:path";
import { previewStack } from "../../../preview/engine/previewStack";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { deployable } from "../../preview/deployable";

/**
 * Azure changes one of these of a parent at a time and answers a second write with 409, mostly with
 * a code that the provider does not repeat (`OperationNotAllowed`, `ServerIsBusy`): by the input
 * that names their parent.
 */
const serialWriters: Record<string, string> = {
  "azure-native:network:Subnet": "virtualNetworkName",
  "azure-native:containerservice:AgentPool": "resourceName",
  "azure-native:dbforpostgresql:Database": "serverName",
  "azure-native:managedidentity:FederatedIdentityCredential": "resourceName",
};

const managedDatabase = { mlflow: { database: "azureFlexibleServer", databaseInstances: 2 } };
const cases: [name: string, stack: string, config: Record<string, unknown>][] = [
  ["dev", "dev", {}],
  ["prod", "prod", {}],
  ["prod on Azure's PostgreSQL", "prod", managedDatabase],
];

/** Everything that a resource is made after. */
function before(resources: PreviewResource[], urn: string, seen = new Set<string>()): Set<string> {
  const resource = resources.find((one) => one.urn === urn);
  for (const next of resource?.dependencies ?? []) {
    if (!seen.has(next)) {
      seen.add(next);
      before(resources, next, seen);
    }
  }
  return seen;
}

/** Pairs of one parent that might be written at once. */
function atOnce(resources: PreviewResource[]): { pairs: number; open: string[] } {
  const open: string[] = [];
  let pairs = 0;
  for (const [index, one] of resources.entries()) {
    const parent = serialWriters[one.type];
    for (const other of parent === undefined ? [] : resources.slice(index + 1)) {
      if (other.type !== one.type || other.inputs[parent!] !== one.inputs[parent!]) {
        continue;
      }
      pairs++;
      const isOrdered =
        before(resources, one.urn).has(other.urn) || before(resources, other.urn).has(one.urn);
      if (!isOrdered) {
        open.push(`${one.name} and ${other.name}`);
      }
    }
  }
  return { pairs, open };
}

describe("what Azure writes one at a time", function () {
  this.timeout(120_000);

  for (const [name, stack, config] of cases) {
    it(`is made one after the other in ${name}`, async () => {
      const { result } = await previewStack({
        projectDir: resolve(__dirname, "../../.."),
        stack,
        config: deployable(stack, config),
        mode: "up",
      });
      assert.ok(result.succeeded, JSON.stringify(result.diagnostics));
      const { pairs, open } = atOnce(result.resources);
      assert.ok(pairs >= 6, `${pairs} pairs`);
      assert.deepEqual(open, []);
    });
  }
});
