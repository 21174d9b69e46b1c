import assert from "node:assert/strict";
import {
  contentMode,
  ContentMode,
  headerText,
  readBatch,
  readBinaryEvent,
  readStructuredEvent,
} from "./cloudEvents";

const attributes = {
  specversion: "1.0",
  id: "1",
  source: "pod",
  type: "org.kubeflow.serving.inference.request",
  namespace: "models",
  inferenceservicename: "churn",
  component: "predictor",
  time: "2026-11-23T10:00:00Z",
};
const structured = (more: string, change: object = {}) => {
  const text = JSON.stringify({ ...attributes, ...change });
  return Buffer.from(more === "" ? text : `${text.slice(0, -1)},${more}}`);
};

describe("CloudEvents", () => {
  for (const [type, mode] of [
    ["application/cloudevents+json; charset=UTF-8", ContentMode.Structured],
    ["Application/CloudEvents+json", ContentMode.Structured],
    ["application/cloudevents-batch+json", ContentMode.Batched],
    ["application/json", undefined],
    [undefined, undefined],
  ] as const) {
    it(`takes content type ${type} for ${mode}`, () => {
      assert.equal(contentMode({ "content-type": type }), mode);
    });
  }

  it("takes a request with any attribute in its headers for binary", () => {
    assert.equal(contentMode({ "ce-time": "x", "content-type": "image/png" }), ContentMode.Binary);
  });

  for (const [change, problem] of [
    [{ "ce-id": "" }, "ce-id is missing"],
    [{ "ce-source": undefined }, "ce-source is missing"],
    [{ "ce-type": "x" }, 'ce-type is unknown: "x"'],
    [{ "ce-specversion": "2.0" }, 'ce-specversion must be 1.0, got "2.0"'],
    ...["..", "Models", "_quarantine", "-models", "a/b", "models ", "n".repeat(64)].map(
      (name): [Record<string, string>, string] => [
        { "ce-namespace": name },
        `ce-namespace is no name of a namespace: ${JSON.stringify(name)}`,
      ],
    ),
    [{}, ""],
  ] as const) {
    it(`says ${JSON.stringify(problem)} of ${JSON.stringify(change).slice(0, 40)}`, () => {
      const named = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]);
      const event = readBinaryEvent({ ...Object.fromEntries(named), ...change }, 0);
      assert.equal(event.problem, problem);
    });
  }

  for (const [value, text] of [
    ["plain", "plain"],
    ["Euro%20%E2%82%AC", "Euro €"],
    ['{"a":["100%25"]}', '{"a":["100%25"]}'],
    ["100%", "100%"],
    ["%FF", "%FF"],
    [Buffer.from("grün").toString("latin1"), "grün"],
    ["gr\u00fcn", "gr\u00fcn"],
  ] as const) {
    it(`reads the header ${JSON.stringify(value)} as ${JSON.stringify(text)}`, () => {
      assert.equal(headerText(value), text);
    });
  }

  const payloads: [claim: string, more: string, change: object, body: string | Buffer][] = [
    [
      "the bytes of data as they were sent",
      '"data": {"x": 12345678901234567890, "y":[ 1.50 ]}',
      {},
      '{"x": 12345678901234567890, "y":[ 1.50 ]}',
    ],
    ["text that isn't JSON", '"data":"a\\nb"', { datacontenttype: "text/plain" }, "a\nb"],
    ["a JSON string as it is", '"data":"a"', { datacontenttype: "application/json" }, '"a"'],
    ["bytes", '"data_base64":"AP8="', {}, Buffer.from([0, 255])],
    ["nothing", "", {}, ""],
  ];
  for (const [claim, more, change, body] of payloads) {
    it(`finds in a structured event ${claim}`, () => {
      const received = readStructuredEvent(structured(more, change), 5);
      assert.equal(received.event.problem, "");
      assert.equal(received.event.namespace, "models");
      assert.equal(received.event.inferenceService, "churn");
      assert.deepEqual(Buffer.from(received.body), Buffer.from(body));
    });
  }

  it("keeps the whole document where an event can't be found in it", () => {
    for (const [json, problem] of [
      ["[]", "the structured CloudEvent is not a JSON object of up to 1000 attributes"],
      ["{", "the structured CloudEvent is not a JSON object of up to 1000 attributes"],
      [structured('"data_base64":"!"').toString(), "data_base64 is not base64"],
    ] as const) {
      const { event, body } = readStructuredEvent(Buffer.from(json), 0);
      assert.equal(event.problem, problem);
      assert.equal(body.toString(), json);
    }
  });

  it("takes a batch apart, each event for itself", () => {
    const batch = Buffer.from(`[${structured('"data":1').toString()},{"specversion":"1.0"},3]`);
    const events = readBatch(batch, 0);
    assert.deepEqual(
      events.map(({ event }) => event.problem),
      [
        "",
        'ce-id is missing; ce-source is missing; ce-namespace is missing; ce-type is unknown: ""',
        "the structured CloudEvent is not a JSON object of up to 1000 attributes",
      ],
    );
    assert.deepEqual(
      events.map(({ body }) => body.toString()),
      ["1", '{"specversion":"1.0"}', "3"],
    );
    assert.equal(
      readBatch(Buffer.from("{}"), 0)[0]!.event.problem,
      "the batch of CloudEvents is not a JSON list of up to 10000",
    );
    assert.deepEqual(readBatch(Buffer.from("[]"), 0), []);
  });

  it("takes attributes that aren't texts as they are written, and null for absent", () => {
    const { event } = readStructuredEvent(structured('"endpoint":null,"metadata":{"A":["b"]}'), 0);
    assert.equal(event.endpoint, "");
    assert.equal(event.metadata, '{"A":["b"]}');
  });
});
