import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildPolicyPack } from "../../preview/engine/policies/buildPolicyPack";

const pack = resolve(__dirname, "../../policy");

describe("policy: incremental build", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "mlplatform-policy-"));
    await cp(pack, dir, {
      recursive: true,
      filter: (source) => !/[/\\](bin|node_modules)$/.test(source),
    });
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  it("compiles once and then finds nothing to do", async () => {
    assert.equal(await buildPolicyPack(dir), true);
    assert.equal(await buildPolicyPack(dir), false);
    assert.match(await readFile(join(dir, "bin/index.js"), "utf8"), /new .*PolicyPack\(/);
  });

  it("compiles again after a change, and drops the output of a removed source", async () => {
    await writeFile(join(dir, "rules/extra.ts"), "export const answer: number = 41;\n");
    await buildPolicyPack(dir);
    await writeFile(join(dir, "rules/extra.ts"), "export const answer: number = 42;\n");
    assert.equal(await buildPolicyPack(dir), true);
    assert.equal((await import(join(dir, "bin/rules/extra.js"))).answer, 42);

    await rm(join(dir, "rules/extra.ts"));
    assert.equal(await buildPolicyPack(dir), true);
    assert.ok(!(await readdir(join(dir, "bin/rules"))).includes("extra.js"));
  });

  it("leaves no stamp where a source does not parse, and names the file", async () => {
    await writeFile(join(dir, "rules/broken.ts"), "export const = 1;\n");
    await assert.rejects(buildPolicyPack(dir), /broken\.ts:1:13/);
    assert.ok(!(await readdir(join(dir, "bin"))).includes(".sources.json"));
  });
});
