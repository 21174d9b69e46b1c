import assert from "node:assert/strict";
import { posix } from "node:path";
import * as fc from "fast-check";
import { decodeKeyValue, encodeKeyValue } from "./keyParts";
import {
  inferenceEventsPartKey,
  inferencePairedPartKey,
  parseInferenceEventsPartKey,
  parseInferencePairedPartKey,
} from "./inferenceKeys";
import {
  parseRayLogManifestKey,
  parseRayLogPartKey,
  rayLogManifestKey,
  rayLogPartKey,
} from "./rayLogKeys";

const seed = 20261123;
const value = fc
  .string({ minLength: 1, maxLength: 40, unit: "grapheme" })
  .filter((text) => Buffer.from(text).toString() === text && Buffer.byteLength(text) <= 200);

describe("lake layout", () => {
  it("writes the documented keys", () => {
    const day = { namespace: "churn", date: "2026-11-23", writer: "9f2c4e1ab07d5533", sequence: 7 };
    assert.equal(
      rayLogPartKey({ ...day, cluster: "train-x7" }),
      "raylogs/namespace=churn/date=2026-11-23/cluster=train-x7/" +
        "part-9f2c4e1ab07d5533-00000007.parquet",
    );
    assert.equal(
      inferenceEventsPartKey({ ...day, hour: 9 }),
      "inferences/events/namespace=churn/date=2026-11-23/hour=09/" +
        "part-9f2c4e1ab07d5533-00000007.parquet",
    );
    assert.equal(
      inferencePairedPartKey({ namespace: "churn", date: "2026-11-23", hour: 23, part: 0 }),
      "inferences/paired/namespace=churn/date=2026-11-23/hour=23/part-00000000.parquet",
    );
    assert.equal(
      rayLogManifestKey({ namespace: "churn", cluster: "train-x7", node: "head" }),
      "raylogs/_manifest/churn/train-x7/head.json",
    );
  });

  it("reads back every name, and none leaves its partition", () => {
    fc.assert(
      fc.property(value, value, value, (namespace, cluster, node) => {
        const part = { namespace, cluster, date: "2026-11-23", writer: "a1", sequence: 3 };
        const key = rayLogPartKey(part);
        assert.deepEqual(parseRayLogPartKey(key), part);
        assert.equal(posix.normalize(key), key);
        assert.equal(key.split("/").length, 5);
        const manifest = { namespace, cluster, node };
        assert.deepEqual(parseRayLogManifestKey(rayLogManifestKey(manifest)), manifest);
      }),
      { seed: seed, numRuns: 500 },
    );
  });

  for (const hostile of [
    "..",
    ".",
    "../../artifacts",
    "a/b",
    "a=b",
    "a\0b",
    "%2e%2e",
    "a\nb",
    "é",
  ]) {
    it(`keeps ${JSON.stringify(hostile)} one name`, () => {
      const encoded = encodeKeyValue("namespace", hostile);
      assert.match(encoded, /^[A-Za-z0-9_.%-]+$/);
      assert.notEqual(encoded, "..");
      assert.notEqual(encoded, ".");
      assert.equal(decodeKeyValue(encoded), hostile);
    });
  }

  it("refuses what can't be a key", () => {
    assert.throws(() => encodeKeyValue("namespace", ""), /1–200 bytes/);
    assert.throws(() => encodeKeyValue("namespace", "x".repeat(201)), /got 201/);
    const part = { namespace: "n", date: "2026-11-23", hour: 1, writer: "w", sequence: 1 };
    assert.throws(() => inferenceEventsPartKey({ ...part, date: "2026-11-23/.." }), /date must be/);
    assert.throws(() => inferenceEventsPartKey({ ...part, hour: 24 }), /hour must be 0–23/);
    assert.throws(() => inferenceEventsPartKey({ ...part, writer: "../w" }), /writer must be/);
    assert.throws(() => inferenceEventsPartKey({ ...part, sequence: -1 }), /sequence/);
  });

  it("takes no foreign object for a part", () => {
    for (const key of [
      "raylogs/namespace=a/date=2026-11-23/cluster=b/part-x-1.parquet.tmp",
      "raylogs/namespace=a/b/date=2026-11-23/cluster=b/part-x-00000001.parquet",
      "raylogs/namespace=%E0%A4%A/date=2026-11-23/cluster=b/part-x-00000001.parquet",
    ]) {
      assert.equal(parseRayLogPartKey(key), undefined, key);
    }
    assert.equal(parseInferenceEventsPartKey("inferences/paired/x"), undefined);
    assert.equal(parseInferencePairedPartKey("inferences/events/x"), undefined);
  });
});
