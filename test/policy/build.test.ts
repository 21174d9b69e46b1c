import assert from "node:assert/strict";
import { appendFile, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildPolicyPack } from "../../preview/engine/policies/buildPolicyPack";

const root = resolve(__dirname, "../..");

describe("policy: incremental build", () => {
  let dir: string;
  let pack: string;
  let contracts: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "mlplatform-policy-"));
    pack = join(dir, "policy");
    contracts = join(dir, "contracts");
    const filter = (source: string) => !/[/\\](bin|node_modules)$/.test(source);
    await cp(join(root, "policy"), pack, { recursive: true, filter });
    await cp(join(root, "contracts"), contracts, { recursive: true });
    await mkdir(join(dir, "node_modules/@mlplatform"), { recursive: true });
    await symlink(contracts, join(dir, "node_modules/@mlplatform/contracts"));
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  const built = () => readFile(join(pack, "bin/index.js"), "utf8");

  it("compiles once and then finds nothing to do", async () => {
    assert.equal(await buildPolicyPack(pack), true);
    assert.equal(await buildPolicyPack(pack), false);
    assert.match(await built(), /new .*PolicyPack\(/);
  });

  it("compiles again after a change of the pack or of a contract", async () => {
    await buildPolicyPack(pack);
    await appendFile(join(pack, "pack.ts"), 'console.log("changed pack");\n');
    assert.equal(await buildPolicyPack(pack), true);
    assert.match(await built(), /changed pack/);

    await appendFile(join(contracts, "platformLabels.ts"), 'console.log("changed contract");\n');
    assert.equal(await buildPolicyPack(pack), true);
    assert.match(await built(), /changed contract/);
  });

  it("needs nothing at run time but Pulumi's SDK", async () => {
    await buildPolicyPack(pack);
    const required = [...(await built()).matchAll(/\brequire\("([^"]+)"\)/g)].map(
      ([, name]) => name,
    );
    assert.deepEqual([...new Set(required)].sort(), ["@pulumi/policy"]);
  });

  it("drops what an earlier build left", async () => {
    await mkdir(join(pack, "bin/rules"), { recursive: true });
    await appendFile(join(pack, "bin/rules/extra.js"), "exports.answer = 41;\n");
    await buildPolicyPack(pack);
    assert.deepEqual(await readdir(join(pack, "bin/rules")), []);
  });

  it("leaves no stamp where a source does not parse, and names the file", async () => {
    await appendFile(join(pack, "pack.ts"), "export const = 1;\n");
    await assert.rejects(buildPolicyPack(pack), /pack\.ts:\d+:13/);
    await assert.rejects(readdir(join(pack, "bin")), /ENOENT/);
  });
});
