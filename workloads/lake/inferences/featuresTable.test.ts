import assert from "node:assert/strict";
import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFeatures, FeaturesError } from "./featuresTable";
import { type ModelSignature, readSignature } from "./modelSignature";
import { openParquetEngine, type ParquetEngine } from "../duckdb/parquetEngine";
import { payloadInstances } from "./payloadInstances";

const signature: ModelSignature = {
  inputs: [
    { name: "age", type: "long" },
    { name: "plan", type: "string" },
  ],
  outputs: [{ type: "double" }],
};

function v2Binary(): Buffer {
  const head = JSON.stringify({
    inputs: [
      { name: "age", shape: [2], datatype: "INT64", parameters: { binary_data_size: 16 } },
      { name: "plan", shape: [2], datatype: "BYTES", parameters: { binary_data_size: 12 } },
    ],
  });
  const numbers = Buffer.alloc(16);
  numbers.writeBigInt64LE(41n, 0);
  numbers.writeBigInt64LE(-7n, 8);
  const texts = Buffer.concat(
    ["a{", "b]"].map((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return Buffer.concat([length, Buffer.from(text)]);
    }),
  );
  return Buffer.concat([Buffer.from(head), numbers, texts]);
}

describe("features", () => {
  const payloads: [
    claim: string,
    protocol: string,
    request: string | Buffer,
    response: string | undefined,
    inputs: unknown[][] | undefined,
    outputs?: unknown[][],
  ][] = [
    [
      "v1 rows of positions",
      "v1",
      '{"instances":[[41,"a"],[42,"b"]]}',
      '{"predictions":[0.5,0.25]}',
      [
        [41, "a"],
        [42, "b"],
      ],
      [[0.5], [0.25]],
    ],
    [
      "v1 rows of names, in any order",
      "v1",
      '{"instances":[{"plan":"a","age":41}]}',
      '{"predictions":[[0.5]]}',
      [[41, "a"]],
      [[0.5]],
    ],
    [
      "v1 columns",
      "v1",
      '{"inputs":{"age":[41,42],"plan":["a","b"]}}',
      undefined,
      [
        [41, "a"],
        [42, "b"],
      ],
      [[undefined], [undefined]],
    ],
    [
      "a missing and a foreign name",
      "v1",
      '{"instances":[{"age":1,"other":2}]}',
      undefined,
      [[1, undefined]],
      [[undefined]],
    ],
    [
      "NaN",
      "v1",
      '{"instances":[[NaN,"NaN, it says"]]}',
      undefined,
      [[null, "NaN, it says"]],
      [[undefined]],
    ],
    [
      "a v2 tensor of rows",
      "v2",
      '{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP64","data":[1,2,3,4]}]}',
      '{"outputs":[{"name":"y","shape":[2],"datatype":"FP64","data":[0.5,0.25]}]}',
      [
        [1, 2],
        [3, 4],
      ],
      [[0.5], [0.25]],
    ],
    [
      "a v2 tensor of nested rows",
      "v2",
      '{"inputs":[{"name":"x","shape":[2,2],"datatype":"FP64","data":[[1,2],[3,4]]}]}',
      undefined,
      [
        [1, 2],
        [3, 4],
      ],
      [[undefined], [undefined]],
    ],
    [
      "v2 tensors by name",
      "v2",
      '{"inputs":[{"name":"plan","shape":[1],"datatype":"BYTES","data":["a"]},' +
        '{"name":"age","shape":[1],"datatype":"INT64","data":[41]}]}',
      undefined,
      [[41, "a"]],
      [[undefined]],
    ],
    [
      "v2 tensors as bytes",
      "v2",
      v2Binary(),
      undefined,
      [
        [41n, "a{"],
        [-7n, "b]"],
      ],
      [[undefined], [undefined]],
    ],
    [
      "an OpenAI exchange",
      "openai",
      '{"age":1,"plan":"m","messages":[]}',
      undefined,
      [[1, "m"]],
      [[undefined]],
    ],
    [
      "fewer answers than instances",
      "v1",
      '{"instances":[[1,"a"],[2,"b"]]}',
      '{"predictions":[9]}',
      [
        [1, "a"],
        [2, "b"],
      ],
      [[9], [undefined]],
    ],
    ["no rows", "v1", '{"instances":[]}', undefined, []],
    ["no JSON", "v1", "instances", undefined, undefined],
    ["JSON of another kind", "v1", "[1]", undefined, undefined],
    ["an unknown protocol", "unknown", "{}", undefined, undefined],
    [
      "a tensor of an unknown type",
      "v2",
      '{"inputs":[{"name":"x","shape":[1],"datatype":"FP8","parameters":{"binary_data_size":1}}]}x',
      undefined,
      undefined,
    ],
  ];
  for (const [claim, protocol, request, response, inputs, outputs] of payloads) {
    it(`takes apart ${claim}`, () => {
      const answer = response === undefined ? undefined : Buffer.from(response);
      const found = payloadInstances(protocol, Buffer.from(request), answer, signature);
      assert.deepEqual(
        found?.map((each) => each.inputs),
        inputs,
      );
      if (outputs !== undefined) {
        assert.deepEqual(
          found!.map((each) => each.outputs),
          outputs,
        );
      }
    });
  }

  it("reads MLflow's signatures of columns and of tensors", () => {
    const read = readSignature({
      inputs: '[{"type":"double","name":"a","required":true},{"type":"string","name":"b"}]',
      outputs: '[{"type":"tensor","tensor-spec":{"dtype":"float64","shape":[-1,2]}}]',
    });
    assert.deepEqual(read, {
      inputs: [
        { name: "a", type: "double" },
        { name: "b", type: "string" },
      ],
      outputs: [{ type: "double" }, { type: "double" }],
    });
    assert.deepEqual(readSignature({ inputs: null }), { inputs: [], outputs: [] });
  });

  describe("as a view", () => {
    let folder: string;
    let engine: ParquetEngine;

    beforeEach(async () => {
      folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-features-"));
      engine = await openParquetEngine({ temporaryDirectory: folder });
      const row = (id: string, version: string, request: string, response: string) =>
        `('${id}', TIMESTAMP '2026-11-23 10:00:00', 'r-1', 'churn', '${version}', 'ok', ` +
        `'v1', '${request}', '${response}', ${request.length})`;
      const rows = [
        row("a", "7", '{"instances":[[41,"x"],[42,"y"]]}', '{"predictions":[0.5,0.25]}'),
        row(
          "b",
          "8",
          '{"instances":[{"age":"many","plan":"z","region":"eu"}]}',
          '{"predictions":["no"]}',
        ),
        row("c", "7", "no json", "none"),
      ];
      await engine.connection.run(
        `CREATE VIEW inferences AS SELECT *, NULL::BLOB AS request_raw, NULL::BLOB AS response_raw
         FROM (VALUES ${rows.join(", ")}) t(request_id, request_time, revision, model_name,
           model_version, status,
                                            protocol, request, response, request_bytes)`,
      );
    });
    afterEach(async () => {
      engine.close();
      await fs.rm(folder, { recursive: true, force: true });
    });

    const later: ModelSignature = {
      inputs: [...signature.inputs, { name: "region", type: "string" }],
      outputs: [{ type: "string" }],
    };
    const signatureOf = (_model: string, version: string) =>
      Promise.resolve(version === "7" ? signature : version === "8" ? later : undefined);

    it("has a row an instance and a column a name, over versions that differ", async () => {
      await createFeatures(engine.connection, { model: "churn", signatureOf });
      const reader = await engine.connection.runAndReadAll(
        "SELECT * EXCLUDE (request_time, revision, status) FROM features ORDER BY " +
          "request_id, instance",
      );
      assert.deepEqual(reader.columnNames(), [
        "request_id",
        "model_version",
        "instance",
        "age",
        "plan",
        "output_0",
        "region",
      ]);
      assert.deepEqual(reader.getRowsJS(), [
        ["a", "7", 0, 41n, "x", "0.5", null],
        ["a", "7", 1, 42n, "y", "0.25", null],
        ["b", "8", 0, null, "z", "no", "eu"],
      ]);
    });

    it("takes one version, and says what it lacks", async () => {
      const of = (version: string) =>
        createFeatures(engine.connection, { model: "churn", version, signatureOf });
      await assert.rejects(of("9"), (error: Error) => {
        assert.ok(error instanceof FeaturesError);
        assert.match(error.message, /no prediction of version 9 of churn/);
        return true;
      });
      await assert.rejects(
        createFeatures(engine.connection, {
          model: "churn",
          version: "7",
          signatureOf: () => Promise.resolve(undefined),
        }),
        /version 7 of churn has no signature in MLflow/,
      );
      await of("7");
      const reader = await engine.connection.runAndReadAll(
        "SELECT count(*), avg(output_0) FROM features",
      );
      assert.deepEqual(reader.getRowsJS(), [[2n, 0.375]]);
    });
  });
});
