import assert from "node:assert/strict";
import { layoutOf } from "../../screen/layout";

describe("terminal layout", () => {
  it("has colours on a terminal", () => {
    assert.deepEqual(layoutOf({ isTTY: true, columns: 120 }, {}), {
      width: 120,
      color: true,
      isTerminal: true,
    });
  });

  it("has none under NO_COLOR, on a dumb terminal and in a pipe", () => {
    assert.equal(layoutOf({ isTTY: true, columns: 120 }, { NO_COLOR: "1" }).color, false);
    assert.equal(layoutOf({ isTTY: true, columns: 120 }, { TERM: "dumb" }).color, false);
    assert.deepEqual(layoutOf({ isTTY: false }, {}), {
      width: 100,
      color: false,
      isTerminal: false,
    });
  });
});
