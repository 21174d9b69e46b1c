import assert from "node:assert/strict";
import * as fc from "fast-check";
import { arrayElements, objectMembers, scanJson } from "./jsonScan";

describe("JSON scan", () => {
  it("ends where JSON.parse would, for any JSON value with any white space", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom("", " ", "\n\t"), (json, space) => {
        const bytes = Buffer.from(`${space}${json}${space}`);
        assert.equal(
          scanJson(bytes, () => undefined),
          bytes.length - space.length,
        );
      }),
      { numRuns: 500 },
    );
  });

  it("reports each value of an object once, with its place", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (object) => {
        const json = Buffer.from(JSON.stringify(object));
        const members = objectMembers(json, 1_000)!;
        const read = [...members].map(([key, { start, end }]) => [
          key,
          JSON.parse(json.toString("utf8", start, end)) as unknown,
        ]);
        assert.deepEqual(Object.fromEntries(read), JSON.parse(json.toString()));
      }),
      { numRuns: 300 },
    );
  });

  for (const text of [
    "NaN",
    "[-Infinity,1e999]",
    "\ufeff{}",
    '{"a":1,"a":2}',
    `${"[".repeat(50_000)}1${"]".repeat(50_000)}`,
  ]) {
    it(`reads what serving frameworks send: ${text.slice(0, 20)}`, () => {
      assert.equal(
        scanJson(Buffer.from(text), () => undefined),
        Buffer.byteLength(text),
      );
    });
  }

  for (const text of [
    "",
    "{",
    '{"a"}',
    '{"a":}',
    "[1,]",
    "[1 2]",
    "tru",
    '"open',
    "{1:2}",
    "-",
    "1-2",
    "[}",
    '{"a":1]',
    "\u0000",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(
        scanJson(Buffer.from(text), () => undefined),
        undefined,
      );
    });
  }

  it("cuts a list into its elements, and refuses what is none", () => {
    const cut = (text: string) => arrayElements(Buffer.from(text), 2)?.map(String);
    assert.deepEqual(cut(' [ {"a":[1]} , 2 ] '), ['{"a":[1]}', "2"]);
    assert.deepEqual(cut("[]"), []);
    assert.equal(cut('{"a":[]}'), undefined);
    assert.equal(cut("[1] x"), undefined);
  });

  it("scans a row of a million values in seconds", function () {
    this.timeout(30_000);
    const wide = Buffer.from(`{"instances":[[${"1.5,".repeat(999_999)}2]]}`);
    let values = 0;
    assert.equal(
      scanJson(wide, () => (values += 1)),
      wide.length,
    );
    assert.equal(values, 1_000_003);
  });
});
