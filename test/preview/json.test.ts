import assert from "node:assert/strict";
import Ajv from "ajv";
import { computeCapacity } from "../../preview/capacity/computeCapacity";
import { previewDocument } from "../../preview/report/previewDocument";
import { computePrice } from "../../preview/prices/computePrice";
import schema from "../../preview/report/preview.schema.json";
import type { ProgramRun, PreviewResource } from "../../preview/engine/programRun";
import { cluster, registered, resultOf, testSizes, urnOf, userPool } from "./registered";

const validate = new Ajv({ allErrors: true }).compile(schema);

function documentOf(resources: PreviewResource[], change: Partial<ProgramRun> = {}) {
  const capacity = computeCapacity(resources, testSizes);
  return previewDocument({
    result: resultOf(resources, change),
    capacity,
    price: computePrice(resources, capacity, {
      region: "westeurope",
      currency: "USD",
      fetchedAt: "2026-11-23T00:00:00Z",
      source: "test",
      prices: {
        "vm/Standard_D4s_v5": {
          amount: 0.1,
          unit: "hour",
          meterId: "",
          meterName: "",
          productName: "",
        },
      },
      missing: [],
    }),
    wallMs: 1,
  });
}

/** As a reader of the output gets it. */
const parsed = (value: unknown) => JSON.parse(JSON.stringify(value));

function assertValid(value: unknown): void {
  assert.ok(validate(parsed(value)), JSON.stringify(validate.errors, null, 1));
}

describe("preview as JSON", () => {
  const full = documentOf(
    [
      cluster(),
      userPool("gpu", { vmSize: "Standard_NC24ads_A100_v4", maxCount: 2 }),
      registered("kubernetes:core/v1:PersistentVolumeClaim", "data", {
        spec: { resources: { requests: { storage: "0.5Gi" } } },
      }),
    ],
    {
      policy: {
        pack: "mlplatform 0.1.0",
        policies: [{ name: "tags", description: "", enforcement: "mandatory", evaluated: 2 }],
        reports: [
          { policy: "tags", urn: "", enforcement: "mandatory", kind: "violation", message: "x" },
        ],
      },
      secrets: [
        {
          kind: "plainSecret",
          urn: urnOf("kubernetes:core/v1:Secret", "keys"),
          property: "data.a",
          message: "x",
        },
      ],
      diagnostics: [{ severity: "warning", urn: "", message: "x" }],
      outputs: { host: "ml.example" },
    },
  );

  it("follows its schema with every part filled", () => {
    assertValid(full);
    assert.ok(full.price.lines.length > 0 && full.price.missing.length > 0);
  });

  it("follows its schema with nothing in it", () => {
    assertValid(documentOf([]));
  });

  it("says why a run failed", () => {
    assert.equal(full.succeeded, false);
    assert.deepEqual(full.failures, ["1 mandatory policy violation", "1 secret finding"]);
  });

  it("carries of a resource what the schema promises, and nothing else", () => {
    assert.deepEqual(Object.keys(full.resources[0]!), [
      "urn",
      "type",
      "parent",
      "provider",
      "inputs",
      "custom",
      "operation",
    ]);
  });

  const breaks: [string, (document: any) => void][] = [
    ["a missing part", (document) => delete document.capacity],
    ["an unknown field", (document) => (document.extra = 1)],
    ["a resource without a URN", (document) => (document.resources[0].urn = "core")],
    ["a negative count", (document) => (document.capacity.disks[0].zero = -1)],
    ["an unknown finding", (document) => (document.secrets[0].kind = "other")],
  ];
  for (const [what, change] of breaks) {
    it(`has a schema that refuses ${what}`, () => {
      const document = parsed(full);
      change(document);
      assert.equal(validate(document), false);
    });
  }
});
