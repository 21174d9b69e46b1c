import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { commandProblems } from "./commandProblems";

const root = resolve(__dirname, "../..");
const page = readFileSync(resolve(root, "docs/firstDeploy.md"), "utf8");
const rows = [...page.matchAll(/^\| (\d+) +\|(.*?)\|(.*)\|$/gm)].map(([, number, , held]) => ({
  number: Number(number),
  held: held!.trim(),
}));

describe("docs/firstDeploy.md", () => {
  it("has a row for each of the 34 defects, and those that came after", () => {
    assert.ok(rows.length >= 34);
    assert.deepEqual(
      rows.map(({ number }) => number),
      rows.map((_, index) => index + 1),
    );
  });

  for (const { number, held } of rows) {
    it(`names in row ${number} tests that exist, or why none is needed`, () => {
      const tests = [...held.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file!);
      const titles = [...held.matchAll(/"([^"]+)"/g)].map(([, title]) => title!);
      const commands = [...held.matchAll(/`(npm (?:test|run)[^`]+)`/g)].map(
        ([, command]) => command!,
      );
      assert.deepEqual(
        tests.filter((file) => !existsSync(resolve(root, file))),
        [],
      );
      const sources = tests.map((file) => readFileSync(resolve(root, file), "utf8")).join("\n");
      assert.deepEqual(
        titles.filter((title) => !sources.includes(title)),
        [],
      );
      assert.deepEqual(
        commands.flatMap((command) => commandProblems(command)),
        [],
      );
      const isHeld = titles.length + commands.length > 0;
      assert.ok(isHeld || /^(Can't occur: |\*\*Open\*\*)/.test(held), held);
    });
  }
});
