import assert from "node:assert/strict";
import Ajv from "ajv";
import schema from "../../preview/report/preview.schema.json";
import { root, runCli } from "./runCli";

describe("mlp preview", () => {
  it("reports a good stack and exits 0", async () => {
    const { code, stdout, stderr } = await runCli(["preview", "--stack", "dev"]);
    assert.equal(stderr, "");
    assert.match(stdout, /^shown-dev +2\n/);
    assert.match(stdout, /\n {2}token +\[secret\]\n/);
    assert.ok(!stdout.includes("hidden-value"));
    assert.match(stdout, /\n {2}work +Standard_D8ds_v5 +0 → 4 +0 → 32 +0 → 128 +0\n/);
    assert.match(
      stdout,
      /\n✔ dev · 2 resources \(2 to create\) · 25 policies · 5 advisory violations · \d+\.\d s\n$/,
    );
    assert.equal(code, 0);
  });

  it("prints JSON that follows the schema, and nothing beside it", async () => {
    const { code, stdout } = await runCli(["preview", "-s", "dev", "--json", "--mode", "up"]);
    const validate = new Ajv().compile(schema);
    assert.ok(validate(JSON.parse(stdout)), JSON.stringify(validate.errors));
    const document = JSON.parse(stdout);
    assert.equal(document.mode, "up");
    const pools = document.resources.filter((r: any) => r.type.endsWith(":AgentPool"));
    assert.equal(pools.length, 1);
    assert.equal(code, 0);
  });

  it("lets an advisory violation pass", async () => {
    const { code, stdout } = await runCli(["preview", "-s", "idle"]);
    assert.match(stdout, /advisory mlplatform-aks-require-user-pools-from-zero · AgentPool work\n/);
    assert.equal(code, 0);
  });

  it("exits 1 on a mandatory violation: prod has a config of its own", async () => {
    const { code, stdout } = await runCli(["preview", "-s", "prod"]);
    assert.match(stdout, /Node pool "work" keeps 1 nodes while idle: set minCount to 0\./);
    assert.match(stdout, /✘ prod failed: 6 mandatory policy violations ·/);
    assert.equal(code, 1);
  });

  it("takes another policy config, by a path from where the user stands", async () => {
    const { code } = await runCli(["preview", "-s", "prod", "--policy-config", "policy/dev.json"], {
      workingDir: root,
    });
    assert.equal(code, 0);
  });

  it("leaves the own pack out, and takes further packs", async () => {
    const without = await runCli(["preview", "-s", "prod", "--no-policy"]);
    assert.match(without.stdout, / · no policies run · /);
    assert.equal(without.code, 0);
    const further = ["--no-policy", "--policy-pack", "policy"];
    const { stdout } = await runCli(["preview", "-s", "idle", ...further], { workingDir: root });
    assert.match(stdout, /mlplatform-aks-require-user-pools-from-zero {2,}advisory/);
  });

  it("exits 1 where the program throws, and shows its message", async () => {
    const { code, stdout } = await runCli(["preview", "-s", "broken"]);
    assert.match(stdout, /Messages of the program\n {2}error\n {4}the program stops here\n/);
    assert.equal(code, 1);
  });

  it("exits 1 on a secret in the open", async () => {
    const { code, stdout } = await runCli(["preview", "-s", "leaky"]);
    assert.match(stdout, /ConfigMap settings data\.password\n/);
    assert.ok(!stdout.includes("in-the-open"));
    assert.equal(code, 1);
  });

  const refused: [string, string[], string][] = [
    [
      "all problems of a configuration at once",
      ["preview", "-s", "wrong"],
      'mlp: Pulumi.wrong.yaml: "shown:idleNodes" must be of type integer, got "many". Write ' +
        'a whole number.\nmlp: Pulumi.wrong.yaml: "shown:colour" is not a key of this project. ' +
        "Declare it in Pulumi.yaml, or remove it.\n",
    ],
    [
      "a stack that does not exist",
      ["preview", "-s", "nope"],
      'mlp: Stack "nope" does not exist: there is no Pulumi.nope.yaml. Choose broken, dev, ' +
        "early, idle, leaky, prod, slow, wrong.\n",
    ],
    [
      "policy options that exclude each other, and a path that is not there",
      ["preview", "-s", "dev", "--no-policy", "--policy-config", "/nowhere/a.json"],
      'mlp: --policy-config "/nowhere/a.json" does not exist. Correct the path; /nowhere/a.json ' +
        "was looked for.\nmlp: --policy-config has no effect with --no-policy. Give one of " +
        "them.\n",
    ],
    [
      "a missing stack",
      ["preview"],
      "mlp: required option '-s, --stack <name>' not specified\n(mlp --help lists commands " +
        "and options)\n",
    ],
    [
      "an unknown mode",
      ["preview", "-s", "dev", "--mode", "destroy"],
      "mlp: option '--mode <mode>' argument 'destroy' is invalid. Allowed choices are " +
        "preview, up.\n(mlp --help lists commands and options)\n",
    ],
    [
      "an unknown command, with the one that was meant",
      ["previev"],
      "mlp: unknown command 'previev'\n(Did you mean preview?)\n(mlp --help lists commands " +
        "and options)\n",
    ],
  ];
  for (const [what, args, message] of refused) {
    it(`refuses ${what}, with exit code 2 and no stack trace`, async () => {
      assert.deepEqual(await runCli(args), { code: 2, stdout: "", stderr: message });
    });
  }
});
