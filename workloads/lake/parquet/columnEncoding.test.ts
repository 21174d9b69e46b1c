import assert from "node:assert/strict";
import * as fc from "fast-check";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { ByteWriter } from "hyparquet-writer";
import { packDeltas } from "./columnEncoding";

const seed = 20261127;

function packed(values: readonly number[]): Uint8Array {
  const writer = new ByteWriter();
  packDeltas(Float64Array.from(values), writer);
  return writer.getBytes();
}

describe("packed deltas", () => {
  it("are read back by another reader, at every width and block length", () => {
    const value = fc.oneof(
      fc.nat(200),
      fc.integer({ min: -40_000, max: 40_000 }),
      fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
    );
    const length = fc.constantFrom(1, 2, 31, 128, 129, 1024, 1025, 1026, 2500);
    const values = length.chain((count) =>
      fc.array(value, { minLength: count, maxLength: count, size: "max" }),
    );
    fc.assert(
      fc.property(values, (some) => {
        // As in a page, where other bytes follow.
        const bytes = Buffer.concat([packed(some), Buffer.alloc(8)]);
        const reader = { view: new DataView(new Uint8Array(bytes).buffer), offset: 0 };
        const output = new BigInt64Array(some.length);
        deltaBinaryUnpack(reader, some.length, output);
        assert.deepEqual([...output].map(Number), some);
        assert.equal(reader.offset, bytes.length - 8);
      }),
      { seed: seed, numRuns: 60 },
    );
  });

  it("are the same bytes for the same deltas in another block", () => {
    const lengths = Array.from({ length: 1024 }, (_, index) => 60 + ((index * 37) % 90));
    let at = 0;
    const offsets = [0, ...lengths, ...lengths.map((length, index) => (index === 7 ? 58 : length))];
    const values = offsets.map((length) => (at += length));
    const bytes = packed(values);
    const block = bytes.length - packed(values.slice(0, 1025)).length;
    const first = bytes.subarray(-2 * block, -block);
    const second = bytes.subarray(-block);
    assert.equal(first.filter((byte, index) => byte !== second[index]).length, 1);
  });
});
