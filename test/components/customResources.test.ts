import assert from "node:assert/strict";
import { upstreamsOrSkip } from "../upstreams/upstreamsOrSkip";
import { CrdSchemas } from "./crdSchemas";
import { recordEveryComponent } from "./everyComponent";
import type { Recorded } from "./recorder";

/** API groups that every cluster has. */
const builtInGroup = /^(v1|(apps|batch|policy|autoscaling)\/|[a-z.]*\.k8s\.io\/)/;

describe("custom resources of all components", () => {
  let schemas: CrdSchemas;
  const resources: Recorded[] = [];

  before(async function () {
    schemas = new CrdSchemas(await upstreamsOrSkip(this, "crds"));
    for (const withOptions of [false, true]) {
      const { resources: all } = await recordEveryComponent(withOptions);
      resources.push(
        ...all.filter(
          ({ type, inputs: { apiVersion } }) =>
            type.startsWith("kubernetes:") && apiVersion && !builtInGroup.test(apiVersion),
        ),
      );
    }
  });

  const validatorOf = ({ inputs }: Recorded) => schemas.validator(inputs.apiVersion, inputs.kind);

  it("are of kinds whose schemas are published", () => {
    assert.ok(resources.length >= 40, `${resources.length} custom resources`);
    const unknown = resources.filter((r) => !validatorOf(r));
    assert.deepEqual(
      unknown.map((r) => `${r.name}: ${r.inputs.apiVersion}/${r.inputs.kind}`),
      [],
    );
  });

  it("satisfy the schemas of their kinds, and no field of them is unknown there", () => {
    const problems = resources.flatMap((r) => {
      const validate = validatorOf(r);
      if (!validate || validate(r.inputs)) {
        return [];
      }
      return validate.errors!.map(
        ({ instancePath, message, params }) =>
          `${r.name}: ${instancePath} ${message} ${JSON.stringify(params)}`,
      );
    });
    assert.deepEqual(problems, []);
  });

  it("would be refused with a misspelt field, a missing one and a wrong type", () => {
    const serving = resources.find((r) => r.inputs.kind === "ClusterServingRuntime")!;
    const validate = validatorOf(serving)!;
    const { spec } = serving.inputs;
    const changes: [change: object, keyword: string][] = [
      [{ ...spec, suportedModelFormats: [] }, "additionalProperties"],
      [{ ...spec, containers: undefined }, "required"],
      [{ ...spec, multiModel: "no" }, "type"],
    ];
    for (const [changed, keyword] of changes) {
      const body = JSON.parse(JSON.stringify({ ...serving.inputs, spec: changed }));
      assert.equal(validate(body), false);
      assert.ok(
        validate.errors!.some((error) => error.keyword === keyword),
        keyword,
      );
    }
  });
});
