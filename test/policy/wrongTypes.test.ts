import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { type ObjectRule, violations } from "../../policy/rules/objectRule";
import { objectRules } from "../../policy/rules/objectRules";

/** With everything that a stack can say of its projects. */
const rules = objectRules({
  registries: ["registry.example"],
  requireDigests: true,
  offloaderImages: ["registry.example/log-offloader:0.1.0"],
});

type Place = (string | number)[];

const template = resolve(__dirname, "../../workloads/projectTemplate/deploy");
const wrong = ["x", 5, true, null, [], ["a"], [null], [[]], {}, { length: 3 }, "${X}", ["${X}"]];
const isOpen = (value: unknown) => typeof value === "string" && /\$\{\w+\}/.test(value);

/** Every place in a value, as keys and indexes from its root. */
function placesIn(value: unknown, at: Place = []): Place[] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return inner.flatMap(([key, each]) => {
    const place = [...at, Array.isArray(value) ? Number(key) : key];
    return [place, ...placesIn(each, place)];
  });
}

/** A copy of a manifest with another value at one place. */
function changed(manifest: object, place: Place, value: unknown): Record<string, unknown> {
  const copy = structuredClone(manifest);
  const parent = place.slice(0, -1).reduce<any>((inner, key) => inner[key], copy);
  parent[place.at(-1)!] = value;
  return copy as Record<string, unknown>;
}

const check = (rule: ObjectRule, object: Record<string, unknown>) =>
  rule.kinds
    .filter(({ kind }) => kind === object.kind)
    .flatMap((kind) => [...violations(rule, kind, "name", object, isOpen)]);

describe("policy: a manifest with values of other types", function () {
  this.timeout(60_000);
  for (const file of ["rayJob.yaml", "inferenceService.yaml"]) {
    const manifest = parse(readFileSync(resolve(template, file), "utf8"), { merge: true });

    it(`${file} is judged, wherever the value is`, () => {
      for (const place of placesIn(manifest)) {
        for (const value of wrong) {
          const object = changed(manifest, place, value);
          for (const rule of rules) {
            assert.doesNotThrow(
              () => check(rule, object),
              `${rule.name}: ${place.join(".")} = ${JSON.stringify(value)}`,
            );
          }
        }
      }
    });
  }

  it("breaks a rule about a list where there is none", () => {
    const manifest = parse(readFileSync(resolve(template, "rayJob.yaml"), "utf8"), { merge: true });
    const head = ["spec", "rayClusterSpec", "headGroupSpec", "template", "spec"];
    const rule = rules.find(({ name }) => name === "mlplatform-ray-require-log-offloader")!;
    assert.deepEqual(check(rule, manifest), []);
    for (const list of ["initContainers", "volumes"]) {
      const object = changed(manifest, [...head, list], { name: "log-offloader" });
      assert.notDeepEqual(check(rule, object), [], list);
    }
  });
});
