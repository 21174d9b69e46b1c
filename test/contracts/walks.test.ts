import assert from "node:assert/strict";
import { textOf } from "./spelledNames";

/** The stops of the walk in CONTRIBUTING that is told of a value. */
function stopsOf(value: string): { file: string; name: string }[] {
  const [, walk] = textOf("CONTRIBUTING.md").split(`\n\`${value}\`, from `);
  assert.ok(walk !== undefined, `CONTRIBUTING.md tells no walk of ${value}`);
  const table = walk.slice(walk.indexOf("\n| 1 ")).split("\n\n")[0]!;
  return Array.from(table.matchAll(/\| \d +\| `([^`]+)` +\| `([^`]+)` +\|/g), (row) => ({
    file: row[1]!,
    name: row[2]!,
  }));
}

// Languages differ in case and in what joins words, and in nothing else.
const word = (name: string) => name.replace(/[^A-Za-z0-9]/g, "").toLowerCase();

describe("the walk of a value in CONTRIBUTING", () => {
  for (const value of ["observability.inferenceBufferGiB", "dataset_version"]) {
    it(`of ${value} has at most six stops and no rename`, () => {
      const stops = stopsOf(value);
      assert.ok(stops.length >= 4 && stops.length <= 6, `${stops.length} stops`);
      const wanted = word(value.replace(/^observability\./, ""));
      for (const { file, name } of stops) {
        assert.equal(word(name), wanted, `${name} in ${file} is another name`);
        assert.ok(textOf(file).includes(name), `${file} has no ${name}`);
      }
    });
  }
});
