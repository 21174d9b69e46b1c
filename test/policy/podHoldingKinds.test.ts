import assert from "node:assert/strict";
import { type ObjectKind, objectKinds } from "../../policy/rules/objectKinds";
import { readCrds } from "../cluster/crds";
import { upstreamsOrSkip } from "../upstreams/upstreamsOrSkip";

/** Kinds whose operators make pods of them, and why no rule reads them. */
const others: Record<string, string> = {
  Pooler: "no role of a project makes one, and mlp policy check says that no rule knows it",
  ScaledJob: "no stack installs KEDA, and mlp policy check says that no rule knows it",
  Prometheus: "no role of a project makes one, and mlp policy check says that no rule knows it",
};

/** Where a schema has containers, `*` for every element: pod specs, and single containers. */
function placesIn(schema: any, path: string[] = []): { pods: string[]; overlays: string[] } {
  const found = { pods: [] as string[], overlays: [] as string[] };
  const search = (inner: any, at: string[]) => {
    const { properties = {}, items } = inner ?? {};
    for (const [name, value] of Object.entries<any>(properties)) {
      const element = value.items?.properties;
      const isList = /^(init|ephemeral)?containers$/i.test(name);
      if (isList && element?.image && element.securityContext) {
        found.pods.push(at.join("."));
      } else if (value.properties?.image && value.properties.securityContext) {
        found.overlays.push([...at, name].join("."));
      }
      search(value, [...at, name]);
    }
    if (items) {
      search(items, [...at, "*"]);
    }
  };
  search(schema, path);
  return { pods: [...new Set(found.pods)], overlays: found.overlays };
}

describe("policy: kinds that hold pods", function () {
  let crds: Awaited<ReturnType<typeof readCrds>>;

  before(async function () {
    await upstreamsOrSkip(this, "crds");
    crds = await readCrds();
  });

  it("are all in the table, by every place in every version of their schemas", () => {
    const missing: string[] = [];
    let places = 0;
    for (const { spec } of crds) {
      const known = Object.values<ObjectKind>(objectKinds).find(
        ({ kind, group }) => kind === spec.names.kind && group === spec.group,
      );
      for (const { name: version, schema } of spec.versions) {
        const { pods, overlays } = placesIn(schema?.openAPIV3Schema);
        places += pods.length + overlays.length;
        if (others[spec.names.kind] !== undefined) {
          continue;
        }
        const of = (paths: ObjectKind["pods"] = []) => paths.map((path) => path.slice(1).join("."));
        missing.push(
          ...pods
            .filter((path) => !of(known?.pods).includes(path))
            .map((path) => `${spec.names.kind} ${version}: pods at ${path}`),
          ...overlays
            .filter((path) => !of(known?.overlays).includes(path))
            .map((path) => `${spec.names.kind} ${version}: a container at ${path}`),
        );
      }
    }
    assert.deepEqual(missing, []);
    assert.ok(places > 40, `${places} places`);
  });
});
