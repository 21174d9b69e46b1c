import assert from "node:assert/strict";
import { jsonPieces } from "./jsonPieces";

describe("JSON in pieces", () => {
  for (const count of [0, 1, 999, 1_000, 1_001, 2_500]) {
    it(`is that of the whole object, of ${count} items too, at most a thousand a piece`, () => {
      const items = Array.from({ length: count }, (_, index) => ({ index, text: 'ü"\n,' }));
      const pieces = [...jsonPieces({ version: 1, of: { node: "head" } }, "files", items)];
      const whole = JSON.parse(pieces.join("")) as unknown;
      assert.deepEqual(whole, { version: 1, of: { node: "head" }, files: items });
      assert.ok(pieces.every((piece) => piece.split("\n").length <= 1_001));
    });
  }
});
