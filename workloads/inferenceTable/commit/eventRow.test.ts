import assert from "node:assert/strict";
import { protocolOf, revisionOf, timestampMicros } from "./eventRow";
import { readBinaryEvent } from "../intake/cloudEvents";
import { decodeEvent, encodeEvent } from "../intake/inferenceEvent";

describe("event rows", () => {
  for (const [pod, revision] of [
    ["churn-predictor-00003-deployment-6c9d8f7b5-x2x9z", "churn-predictor-00003"],
    ["churn-predictor-6c9d8f7b5-x2x9z", "churn-predictor"],
    ["laptop", "unknown"],
    ["", "unknown"],
  ] as const) {
    it(`reads the revision of pod ${JSON.stringify(pod)} as ${revision}`, () => {
      assert.equal(revisionOf(pod), revision);
    });
  }

  for (const [body, protocol] of [
    ['{"instances":[[1]]}', "v1"],
    ['{"predictions": [1]}', "v1"],
    ['{"id":"x","inputs" : []}', "v2"],
    ['{"model":"m","messages":[]}', "openai"],
    ["not json", "unknown"],
    ["", "unknown"],
  ] as const) {
    it(`takes ${JSON.stringify(body)} for ${protocol}`, () => {
      assert.equal(protocolOf(Buffer.from(body)), protocol);
    });
  }

  for (const [text, micros] of [
    ["2026-11-23T10:00:00.123456789Z", 1795428000123456],
    ["2026-11-23T12:00:00+02:00", 1795428000000000],
    ["1970-01-01T00:00:00Z", 0],
    ["23.11.2026", null],
    ["2026-13-45T99:00:00Z", null],
    ["", null],
  ] as const) {
    it(`reads the time ${JSON.stringify(text)} as ${micros}`, () => {
      assert.equal(timestampMicros(text), micros);
    });
  }

  it("gives back an event and its body as they were", () => {
    const event = readBinaryEvent({ "ce-id": "ü\u0001", "ce-specversion": "1.0" }, 5);
    const body = Buffer.from([0, 255, 10]);
    const again = decodeEvent(Buffer.concat(encodeEvent(event, body)));
    assert.deepEqual(again, { event, body });
    assert.match(
      event.problem,
      /ce-source is missing; ce-namespace is missing; ce-type is unknown/,
    );
  });
});
