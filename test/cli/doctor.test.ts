import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { azureAnswers } from "../automation/doctor/azureAnswers";
import { root, runCli } from "./runCli";

const versions = { kubelogin: "kubelogin version\ngit hash: v0.2.12/abc" };
const whoami = '{"user":"ada","url":"file:///state"}';

/** Programs by name that write what a table says, or fail as it says. */
async function writeTools(folder: string, tools: Record<string, string>): Promise<void> {
  for (const [name, script] of Object.entries(tools)) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
  }
}

/** A shell script that answers by the first words of its arguments. */
function answeringScript(table: Record<string, unknown>): string {
  const cases = Object.entries(table).map(
    ([words, value]) => `"${words}"*) cat <<'END'\n${JSON.stringify(value)}\nEND\n;;`,
  );
  return `case "$*" in\n${cases.join("\n")}\n*) echo "no such command" >&2; exit 1;;\nesac`;
}

describe("mlp doctor", function () {
  this.timeout(240_000);
  let folder: string;
  const surroundings = { PATH: process.env.PATH, GITHUB_TOKEN: process.env.GITHUB_TOKEN };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mlplatform-doctor-"));
    process.env.PATH = `${folder}:/usr/bin:/bin`;
    process.env.GITHUB_TOKEN = "ghp_fixture";
    await writeTools(folder, { node: "echo v20.20.2" });
  });

  afterEach(async () => {
    Object.assign(process.env, surroundings);
    if (surroundings.GITHUB_TOKEN === undefined) {
      delete process.env.GITHUB_TOKEN;
    }
    await rm(folder, { recursive: true });
  });

  it("names every tool that is missing or too old, with its remedy, and ends with 1", async () => {
    process.env.PATH = folder;
    await writeTools(folder, { node: "echo v20.20.2", kubectl: `echo '{"gitVersion":"v1.20.0"}'` });
    const { code, stdout } = await runCli(["doctor"], { projectDir: root });
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}✘ Pulumi CLI: not on PATH; needed for `pulumi up`$/m);
    assert.match(stdout, /^ {6}Install 3\.\d+\.0 or newer: https:\/\/www\.pulumi\.com/m);
    assert.match(stdout, /^ {2}! kubectl: 1\.20\.0$/m);
    assert.match(stdout, /^1 good, 1 to look at, 1 not checked, 1 to be changed$/m);
  });

  it("ends with 0 where nothing has to be changed", async () => {
    await writeTools(folder, {
      pulumi: answeringScript({ version: "v3.276.0", whoami: JSON.parse(whoami) }),
      kubectl: `echo '{"gitVersion":"v1.35.1"}'`,
    });
    const { code, stdout } = await runCli(["doctor"], { projectDir: root });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /✔ Pulumi backend: ada at file:\/\/\/state/);
  });

  it("looks at all that dev needs, and says what it couldn't look at", async () => {
    await writeTools(folder, {
      pulumi: answeringScript({ version: "v3.276.0", whoami: JSON.parse(whoami) }),
      az: answeringScript(azureAnswers()),
      kubelogin: `cat <<'END'\n${versions.kubelogin}\nEND`,
      kubectl: `echo "The connection to the server was refused" >&2; exit 1`,
    });
    const args = ["doctor", "--stack", "dev", "--context", "dev", "--json"];
    const { code, stdout, stderr } = await runCli(args, { projectDir: root });
    assert.equal(code, 1);
    assert.doesNotMatch(stdout + stderr, /ghp_fixture/);
    const parts = JSON.parse(stdout).examinations as any[];
    assert.deepEqual(
      parts.map(({ part }) => part),
      ["Tools", "Program of dev", "Azure", "GitHub", "Images", "Cluster", "Domain"],
    );
    const of = (part: string) => parts.find((each) => each.part === part).findings as any[];
    // What an update refuses is said once, a finding each.
    const program = of("Program of dev");
    assert.deepEqual(
      program.filter(({ severity }) => severity !== "good").map(({ subject }) => subject),
      [
        "domain",
        "access.administrators[0]",
        "access.oidc.issuer",
        "access.oidc.jwksUri",
        "access.oidc.audiences[0]",
        "access.oidc.modelAudiences[0]",
        "aks.authorizedIpRanges[0]",
        "aks.budget.contactEmails[0]",
        "projects[0].access.members[0]",
        "github.owner",
      ],
    );
    assert.ok(program.slice(1).every(({ severity }) => severity === "failure"));
    // What dev takes from Azure follows from its own resources.
    const unregistered = of("Azure").filter(({ subject }) => /^Resource provider /.test(subject));
    assert.deepEqual(
      unregistered.map(({ subject }) => subject.replace("Resource provider ", "")).sort(),
      [
        "microsoft.consumption",
        "microsoft.containerregistry",
        "microsoft.insights",
        "microsoft.managedidentity",
        "microsoft.network",
        "microsoft.operationalinsights",
        "microsoft.storage",
      ],
    );
    const gpu = of("Azure").find(({ subject }) => subject === "Standard_NC4as_T4_v3");
    assert.deepEqual([gpu.severity, gpu.seen], ["failure", "not offered in westeurope"]);
    const hub = of("Images").find(({ subject }) => subject === "Docker Hub");
    assert.match(hub.seen, /^\d+ images .*grafana\/loki/);
    const server = of("Cluster")[0];
    assert.match(server.seen, /connection to the server was refused/);
    const findings = parts.flatMap((each) => each.findings);
    assert.ok(
      findings.every(({ severity, remedy }) => severity === "good" || remedy.length > 10),
      "a finding without a remedy",
    );
  });

  it("shows no control characters of what others write", async () => {
    await writeTools(folder, {
      pulumi: `printf 'logged \\033[2J in \\007as eve\\n' >&2; exit 1`,
      kubectl: `echo '{"gitVersion":"v1.35.1"}'`,
    });
    const { stdout } = await runCli(["doctor"], { projectDir: root });
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f]/);
    assert.match(stdout, /Pulumi backend: logged.* in .*as eve/);
  });

  it("says what is wrong with a stack that can't run, and looks at the tools all the same", async () => {
    const { code, stdout } = await runCli(["doctor", "--stack", "nowhere"], { projectDir: root });
    assert.equal(code, 1);
    assert.match(stdout, /✘ Configuration: .*Pulumi\.nowhere\.yaml/);
    assert.match(stdout, /^Tools$/m);
    for (const part of ["Azure", "GitHub", "Images", "Cluster", "Domain"]) {
      const line = new RegExp(`^${part}\n {2}– ${part}: the program of nowhere fails`, "m");
      assert.match(stdout, line);
    }
  });

  it("ends with 2 where --stack is no name", async () => {
    const { code, stdout, stderr } = await runCli(["doctor", "--stack", ""], { projectDir: root });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /--stack must be the name of a stack/);
  });

  it("goes on with the other parts where the images of a stack aren't known", async () => {
    await writeTools(folder, { kubectl: `echo "no cluster" >&2; exit 1` });
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const files = {
      "Pulumi.yaml": "name: charts\nruntime: nodejs\n",
      "Pulumi.dev.yaml": "config: {}\n",
      "package.json": '{ "name": "charts", "main": "index.ts" }',
      "index.ts":
        'import * as k8s from "@pulumi/kubernetes";\n' +
        'const provider = new k8s.Provider("there", { context: "away" });\n' +
        'new k8s.helm.v3.Release("own", { chart: "own", version: "1.0.0" }, { provider });\n',
    };
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text);
    }
    const { code, stdout } = await runCli(["doctor", "-s", "dev"], { projectDir: folder });
    assert.equal(code, 1, stdout);
    assert.match(stdout, /^Images\n {2}– Images: the images of chart own 1\.0\.0 are not known/m);
    assert.match(stdout, /^Cluster\n {2}✘ API server \(away\): no cluster$/m);
  });

  const unreachable = `echo "The connection to the server was refused" >&2; exit 1`;
  const reached = /^Cluster\n {2}✘ API server \(away\): The connection to the server was/m;

  it("looks at the cluster of --context where the program can't run", async () => {
    await writeTools(folder, { kubectl: unreachable });
    const args = ["doctor", "--stack", "nowhere", "--context", "away"];
    const { code, stdout } = await runCli(args, { projectDir: root });
    assert.equal(code, 1);
    assert.match(stdout, reached);
    assert.match(stdout, /– Azure: the program of nowhere fails/);
  });

  it("looks at the cluster of --context without a stack, and ends as its help says", async () => {
    const tools = {
      pulumi: answeringScript({ version: "v3.276.0", whoami: JSON.parse(whoami) }),
      kubectl:
        `case "$*" in *--client*) echo '{"gitVersion":"v1.35.1"}';; ` + `*) ${unreachable};; esac`,
    };
    await writeTools(folder, tools);
    const { code, stdout } = await runCli(["doctor", "--context", "away"], { projectDir: root });
    assert.equal(code, 1);
    assert.match(stdout, reached);
    assert.match(stdout, / 1 to be changed$/m);
    // What can't be looked at leaves the code as it is.
    await writeTools(folder, {
      ...tools,
      kubectl:
        `case "$*" in *"get "*) exit 1;; ` +
        `*) echo '{"serverVersion":{"gitVersion":"v1.35.1"}}';; esac`,
    });
    const unseen = await runCli(["doctor", "--context", "away"], { projectDir: root });
    assert.equal(unseen.code, 0, unseen.stdout);
    assert.match(unseen.stdout, /– Nodes: /);
  });
});
