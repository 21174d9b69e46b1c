import assert from "node:assert/strict";
import { cut, printable, wrap, wrapHard } from "../../screen/text";

describe("text on a screen", () => {
  it("is cut by columns, not by letters, and the cut is marked", () => {
    assert.equal(cut("short", 5), "short");
    assert.equal(cut("longer", 5), "long…");
    assert.equal(cut("日本語", 5), "日本…");
  });

  it("is broken at spaces; a longer word stays whole, unless that is asked for", () => {
    assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
    assert.deepEqual(wrap("one twothree", 5), ["one", "twothree"]);
    assert.deepEqual(wrapHard("one twothree", 5), ["one", "twoth", "ree"]);
    assert.deepEqual(wrapHard("aks-require-taints", 15), ["aks-require-", "taints"]);
    assert.deepEqual(wrapHard("a-verylongname", 8), ["a-verylo", "ngname"]);
    assert.deepEqual(wrapHard("日本語", 1), ["日", "本", "語"]);
  });

  it("has no colours and control characters of others", () => {
    assert.equal(printable("\u001b[36m(trial)\u001b[0m done\r\ta"), "(trial) done· a");
  });
});
