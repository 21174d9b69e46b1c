import assert from "node:assert/strict";
import { misspellings, spellings, textOf } from "./spelledNames";

describe("files that cannot import the contracts", () => {
  for (const [file, kinds] of Object.entries(spellings)) {
    it(`${file} spells every name as the contracts do`, () => {
      assert.deepEqual(misspellings(file, textOf(file)), []);
    });

    it(`${file}: each name is noticed when it changes, also at one place only`, () => {
      const text = textOf(file);
      for (const { pattern } of kinds) {
        const places = [...text.matchAll(new RegExp(pattern.source, `${pattern.flags}d`))];
        assert.ok(places.length > 0, `${pattern} finds nothing`);
        for (const { indices } of places) {
          const [start, end] = indices![1]!;
          const last = text[end - 1]!;
          const change = /\d/.test(last) ? "7" : /[A-Z]/.test(last) ? "Q" : "x";
          // Before the last character: what follows a name must stay as the pattern has it.
          const changed = text.slice(0, end - 1) + change + last + text.slice(end);
          assert.notDeepEqual(
            misspellings(file, changed),
            [],
            `${file}: ${text.slice(start, end)} became ${changed.slice(start, end + 1)}`,
          );
        }
      }
    });
  }
});
