import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runCli } from "./runCli";

const deploy = join(root, "workloads/projectTemplate/deploy");

describe("mlp policy check", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "mlplatform-manifests-"));
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  const check = (...args: string[]) =>
    runCli(["policy", "check", ".", ...args], { workingDir: dir });
  const write = (name: string, text: string) => writeFile(join(dir, name), text);
  /** The template's RayJob with one text replaced. */
  const writeRayJob = async (from: string | RegExp, to: string) => {
    const text = await readFile(join(deploy, "rayJob.yaml"), "utf8");
    assert.notEqual(text.replace(from, to), text);
    await write("rayJob.yaml", text.replace(from, to));
  };
  const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n";
  const namespace = (labels: string) =>
    `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n  labels: ${labels}\n`;
  const open = namespace("{ app.kubernetes.io/part-of: mlplatform }");
  const problem =
    'Namespace "team": label pod-security.kubernetes.io/enforce is unset: set it to ' +
    "restricted, or to baseline or privileged where a chart needs that. " +
    "(mlplatform-kubernetes-require-namespace-labels)";

  it("finds nothing in the project template, whose variables count as there", async () => {
    const { code, stdout, stderr } = await runCli(["policy", "check", deploy]);
    assert.equal(
      stdout,
      "✔ 3 objects in 3 files · 11 policies in 16 checks · 0 violations\n" +
        "  not looked at: registries, digests and the log offloader's image, without --stack\n",
    );
    assert.deepEqual([code, stderr], [0, ""]);
  });

  it("names file, line, object, value, remedy and policy, and exits 1", async () => {
    await write("namespace.yaml", open);
    assert.deepEqual(await check(), {
      code: 1,
      stderr: "",
      stdout:
        `namespace.yaml:5: ${problem}\n✘ 1 object in 1 file · 11 policies in 1 check · 1 ` +
        `violation\n`,
    });
  });

  it("counts lines through documents, lists and folders", async () => {
    await mkdir(join(dir, "a/b"), { recursive: true });
    const list =
      "apiVersion: v1\nkind: List\nitems:\n" + `  - ${open.trimEnd().replaceAll("\n", "\n    ")}\n`;
    await write("a/b/all.yml", `${configMap}---\n# a list\n---\n${list}`);
    const { stdout, code } = await check();
    assert.equal(stdout.split("\n")[0], `a/b/all.yml:14: ${problem}`);
    assert.equal(code, 1);
  });

  it("follows anchors to the line where the value is written", async () => {
    await writeRayJob("sizeLimit: 10Gi", "medium: Memory");
    const { stdout, code } = await check("--json");
    const { findings } = JSON.parse(stdout);
    const lines = (await readFile(join(dir, "rayJob.yaml"), "utf8")).split("\n");
    assert.equal(findings.length, 2);
    for (const { line } of findings) {
      assert.match(lines[line - 1]!, /medium: Memory/);
    }
    assert.equal(code, 1);
  });

  it("sees a broken part of the sidecar contract in the template", async () => {
    await writeRayJob("restartPolicy: Always", "restartPolicy: OnFailure");
    const { stdout, code } = await check();
    assert.match(stdout, /rayJob\.yaml:\d+: .*log-offloader has restartPolicy "OnFailure": set it/);
    assert.equal(code, 1);
  });

  it("does not take a variable for a violation, only an absent value", async () => {
    await writeRayJob("ttlSecondsAfterFinished: 600", "ttlSecondsAfterFinished: ${TTL}");
    assert.equal((await check()).code, 0);
    await writeRayJob("  ttlSecondsAfterFinished: 600\n", "");
    assert.match((await check()).stdout, /spec\.ttlSecondsAfterFinished is unset/);
  });

  it("prints data with --json", async () => {
    await write("namespace.yaml", open);
    const { stdout } = await check("--json");
    const { findings, ...counts } = JSON.parse(stdout);
    assert.deepEqual(counts, {
      files: 1,
      objects: 1,
      policies: 11,
      checks: 1,
      notChecked: [],
    });
    assert.deepEqual(
      findings.map(({ message: _, ...finding }: any) => finding),
      [
        {
          file: "namespace.yaml",
          line: 5,
          object: "Namespace team",
          policy: "mlplatform-kubernetes-require-namespace-labels",
          enforcement: "mandatory",
        },
      ],
    );
  });

  it("takes levels and exemptions from a config", async () => {
    await write("namespace.yaml", open);
    const name = "mlplatform-kubernetes-require-namespace-labels";
    const withConfig = async (settings: unknown) => {
      await write("config.json", JSON.stringify({ [name]: settings }));
      return check("--policy-config", "config.json");
    };
    const advisory = await withConfig("advisory");
    assert.match(advisory.stdout, /^namespace\.yaml:5: advisory: [^]*0 violations · 1 advisory\n$/);
    assert.equal(advisory.code, 0);
    assert.match((await withConfig("disabled")).stdout, /10 policies in 0 checks · 0 violations/);
    const exempt = (expires: string) =>
      withConfig({ exemptions: { team: { reason: "a", expires } } });
    assert.equal((await exempt("9999-12-31")).code, 0);
    const ended = await exempt("2020-01-31");
    assert.match(ended.stdout, /its exemption "team" ended on 2020-01-31 \(a\)/);
    assert.equal(ended.code, 1);
  });

  it("names the folders that it did not read, where they hold manifests", async () => {
    for (const folder of [".deploy", ".git", ".empty", "node_modules"]) {
      await mkdir(join(dir, folder));
    }
    await write(".deploy/namespace.yaml", open);
    await write(".git/namespace.yaml", open);
    await write("node_modules/namespace.yaml", open);
    await write("map.yaml", configMap);
    const { stdout, code } = await check();
    assert.equal(
      stdout,
      "✔ 1 object in 1 file · 11 policies in 0 checks · 0 violations\n" +
        "  not looked at: .deploy, which begins with a dot\n",
    );
    assert.equal(code, 0);
  });

  it("reads on after what it cannot read", async () => {
    await write("a.yaml", "kind: [Pod]\napiVersion: v1\n");
    await symlink(join(dir, "nowhere"), join(dir, "b.yaml"));
    await mkdir(join(dir, "c.yaml"));
    await write("d.yaml", open);
    const { stdout, code } = await check();
    assert.deepEqual(stdout.split("\n").slice(0, 3), [
      'a.yaml:1: its kind is ["Pod"], which is no text',
      "b.yaml:1: it cannot be read: ENOENT",
      `d.yaml:5: ${problem}`,
    ]);
    assert.equal(code, 1);
  });

  it("refuses a stack that there is not, or whose configuration is wrong", async () => {
    await write("map.yaml", configMap);
    const none = await check("--stack", "nowhere");
    assert.match(none.stderr, /Pulumi\.nowhere\.yaml/);
    assert.equal(none.code, 2);
    const path = await check("--stack", "../prod");
    assert.match(path.stderr, /--stack must be the name of a stack/);
    assert.equal(path.code, 2);
  });

  it("holds images to the registries of a stack", async () => {
    const job = (image: string) =>
      writeRayJob(/\$\{TRAINING_IMAGE\}/g, `${image}@sha256:${"0a".repeat(32)}`);
    const ofProd = () =>
      runCli(["policy", "check", ".", "--stack", "prod"], { workingDir: dir, projectDir: root });
    await job("churnregistryabcd2345.azurecr.io/training");
    assert.deepEqual((await ofProd()).stdout.split("\n"), [
      "✔ 1 object in 1 file · 11 policies in 6 checks · 0 violations",
      "",
    ]);
    await job("docker.io/acme/training");
    const { stdout, code } = await ofProd();
    assert.match(
      stdout,
      /"docker\.io\/acme\/training@sha256:\w+", which is of none of its registries/,
    );
    assert.match(
      stdout,
      /push it to coreregistry\?{8}\.azurecr\.io or churnregistry\?{8}\.azurecr/,
    );
    assert.equal(code, 1);
  });

  it("refuses a file that is no YAML, with its line", async () => {
    await write("broken.yaml", `${configMap}data: [1, 2\n`);
    const { code, stdout } = await check();
    assert.match(stdout, /^broken\.yaml:\d: it is not valid YAML: /);
    assert.equal(code, 1);
  });

  it("does not call a folder good that holds no object", async () => {
    await write("values.yaml", "replicas: 1\n");
    assert.deepEqual(await check(), {
      code: 2,
      stdout: "",
      stderr: 'mlp: "." holds no Kubernetes object. Name a folder of manifests.\n',
    });
  });

  it("refuses a folder that does not exist", async () => {
    const { code, stderr } = await runCli(["policy", "check", join(dir, "nowhere")]);
    assert.match(
      stderr,
      /^mlp: ".*nowhere" cannot be read \(ENOENT\)\. Name a folder of manifests\.\n$/,
    );
    assert.equal(code, 2);
  });
});
