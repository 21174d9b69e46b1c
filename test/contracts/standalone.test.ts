import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { ESLint } from "eslint";

const root = resolve(__dirname, "../..");
const message = "Contracts import Node alone: they are what every part can import.";

describe("contracts", function () {
  // The linter type-checks the project first.
  this.timeout(300_000);

  // With CI set, the parser reads the file on disk instead of the text given.
  before(() => {
    process.env.TSESTREE_SINGLE_RUN = "false";
  });
  after(() => {
    delete process.env.TSESTREE_SINGLE_RUN;
  });

  it("import Node alone, by lint", async () => {
    const eslint = new ESLint({ cwd: root });
    for (const [source, isRefused] of [
      ['import { join } from "node:path";\nexport const x = join("a");\n', false],
      ['import { z } from "zod";\nexport const x = z;\n', true],
      ['import { labels } from "./labels";\nexport const x = labels;\n', true],
      ['export const x = import("./labels");\n', true],
    ] as const) {
      const filePath = resolve(root, "contracts/platformAnnotations.ts");
      const [result] = await eslint.lintText(source, { filePath });
      const found = result!.messages.map((problem) => problem.message);
      assert.equal(found.includes(message), isRefused, `${source}: ${found.join("\n")}`);
    }
  });

  it("depend on no package, and are a folder of files", () => {
    const folder = resolve(root, "contracts");
    const manifest = JSON.parse(readFileSync(resolve(folder, "package.json"), "utf8"));
    assert.equal(manifest.dependencies ?? manifest.devDependencies, undefined);
    const others = readdirSync(folder).filter((name) => !name.endsWith(".ts"));
    assert.deepEqual(others, ["package.json"]);
  });
});
