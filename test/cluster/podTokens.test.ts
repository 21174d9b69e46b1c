import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { serviceAccounts } from "@mlplatform/contracts/platformNames";
import type { TrackingSignIn } from "@mlplatform/contracts/trackingSignIn";
import { PythonEnvironment } from "../../local/programs/pythonEnvironment";
import { skipWithoutBed } from "./noBed";
import { type StackCluster, prodCluster } from "./stackCluster";
import { templateObjects } from "./stackObjects";

const root = resolve(__dirname, "../..");
const run = promisify(execFile);
const project = "churn";

/** Checks tokens as MLflow's server does; prints what each says, or why it is refused. */
const check = `
import json, sys
from mlplatform.tokens import Issuer, Refused
pods, tokens = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
files = {"ca_file": pods["caFile"], "token_file": pods["tokenFile"]}
issuer = Issuer(pods["jwksUri"], pods["audiences"], **files)
for token in tokens:
    try:
        print(json.dumps(issuer.verify(token)))
    except Refused as refused:
        print(json.dumps(str(refused)))
`;

// The rest of MLflow's check is tried on a real MLflow, in test/isolation.
describe("the check of pods' tokens, with those of a real API server", function () {
  this.timeout(3_600_000);
  before(skipWithoutBed);
  let at: StackCluster;
  let python: PythonEnvironment;
  let folder: string;

  before(async () => {
    const requirements = join(root, "local", "python", "requirements.txt");
    python = await PythonEnvironment.prepare(join(root, ".mlplatform"), requirements, () => {});
    at = await prodCluster();
    folder = mkdtempSync(join(tmpdir(), "mlplatform-tokens-"));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  it("takes the one that the template mounts, and none that is for others", async () => {
    const answers = await checked([
      await tokenOf(project, serviceAccounts.training, templateAudience()),
      await tokenOf(project, serviceAccounts.training),
      await tokenOf(project, serviceAccounts.training, "vault"),
    ]);
    const [taken, ...refused] = answers;
    assert.equal(taken.sub, `system:serviceaccount:${project}:training`);
    assert.equal(taken["kubernetes.io"].namespace, project);
    assert.equal(taken["kubernetes.io"].serviceaccount.name, serviceAccounts.training);
    assert.deepEqual(refused, ["Audience doesn't match", "Audience doesn't match"]);
  });

  /** A token as a kubelet gets it; without an audience for the API server itself. */
  async function tokenOf(namespace: string, account: string, audience?: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const request = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: { audiences: audience === undefined ? undefined : [audience] },
    };
    const { object } = await at.cluster.api.call("POST", path, request);
    return object.status.token;
  }

  /** The settings of the stack's server, with the address and the files of this API server. */
  async function checked(tokens: string[]): Promise<any[]> {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const config = at.objects.find(({ resource }) => resource === "mlflow-sign-in")!.object;
    const { pods } = JSON.parse(config.data["sign-in.json"]) as Required<TrackingSignIn>;
    const settings = {
      ...pods,
      jwksUri: pods.jwksUri.replace("https://kubernetes.default.svc", at.cluster.api.url),
      caFile: file("ca.crt", at.cluster.ca),
      tokenFile: file("token", await tokenOf("mlflow", "mlflow")),
    };
    const args = [file("pods.json", JSON.stringify(settings))];
    args.push(file("tokens.json", JSON.stringify(tokens)));
    const { stdout } = await run(python.python, ["-c", check, ...args], {
      env: { ...process.env, PYTHONPATH: join(root, "workloads", "mlflow") },
    });
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  }
});

function templateAudience(): string {
  const job = templateObjects(project).find(({ kind }) => kind === "RayJob")!;
  const { volumes } = job.spec.rayClusterSpec.headGroupSpec.template.spec;
  const { projected } = volumes.find(({ name }: { name: string }) => name === "mlflow-token");
  return projected.sources[0].serviceAccountToken.audience;
}
