import assert from "node:assert/strict";
import { stackObjects, stacks, templateObjects, updatedStack } from "../cluster/stackObjects";
import type { KubeObject } from "../cluster/kubeApi";

/** A name that an object needs another one to have, e.g. `Secret churn/churn-lake`. */
interface Reference {
  target: string;
  from: string;
}

/** What something else than the program makes, with what makes it. */
const madeElsewhere: Record<string, string> = {
  "PriorityClass system-node-critical": "Kubernetes itself",
  "ConfigMap mlflow/kube-root-ca.crt": "Kubernetes itself, in every namespace",
};

/** Fields that name an object of the same namespace, by the kind that they name. */
const fields: [kind: string, parent: RegExp, name: string][] = [
  ["Secret", /(secretKeyRef|secretRef|imagePullSecrets|secret)$/, "name"],
  ["Secret", /secret$/, "secretName"],
  ["ConfigMap", /(configMapKeyRef|configMapRef|configMap)$/, "name"],
  ["PersistentVolumeClaim", /persistentVolumeClaim$/, "claimName"],
  ["ServiceAccount", /./, "serviceAccountName"],
  ["PriorityClass", /./, "priorityClassName"],
];

function references(object: KubeObject): Reference[] {
  const { kind, metadata } = object;
  const from = `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
  const found: Reference[] = [];
  const walk = (value: unknown, key: string): void => {
    if (Array.isArray(value)) {
      value.forEach((each) => walk(each, key));
      return;
    }
    if (typeof value !== "object" || value === null) {
      return;
    }
    const record = value as Record<string, unknown>;
    for (const [target, parent, name] of fields) {
      if (parent.test(key) && typeof record[name] === "string" && record.optional !== true) {
        const place = target === "PriorityClass" ? "" : `${metadata.namespace ?? ""}/`;
        found.push({ target: `${target} ${place}${record[name]}`, from });
      }
    }
    for (const [name, each] of Object.entries(record)) {
      walk(each, name);
    }
  };
  walk(object.spec ?? object, "spec");
  return found;
}

describe("what objects refer to", function () {
  this.timeout(300_000);

  for (const stack of stacks) {
    it(`is made by ${stack}, or by what is named here`, async () => {
      const objects = stackObjects(await updatedStack(stack)).map(({ object }) => object);
      const made = new Set(
        objects.map(({ kind, metadata: { name, namespace } }) =>
          kind === "PriorityClass" ? `${kind} ${name}` : `${kind} ${namespace ?? ""}/${name}`,
        ),
      );
      const needed = [...objects, ...templateObjects("churn")].flatMap(references);
      assert.ok(needed.length > 40, `${needed.length} references were found`);
      const missing = needed.filter(
        ({ target }) => !made.has(target) && !(target in madeElsewhere),
      );
      assert.deepEqual(
        [...new Set(missing.map(({ target, from }) => `${from} needs ${target}`))].sort(),
        [],
      );
    });
  }
});
