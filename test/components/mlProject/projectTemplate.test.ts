import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { podTokenAudience, podTokenFolder } from "@mlplatform/contracts/trackingSignIn";
import { parse } from "yaml";
import { readTemplate, templateProblems } from "../../../components/mlProject/template";
import { upstreamsOrSkip } from "../../upstreams/upstreamsOrSkip";
import { CrdSchemas } from "../crdSchemas";
import { manifest, render, template, values } from "./templateManifests";

const rayJob = () => manifest("rayJob.yaml");
const rayPods = (): [role: string, spec: any][] => {
  const cluster = rayJob().spec.rayClusterSpec;
  return [
    ["head", cluster.headGroupSpec.template.spec],
    ["worker", cluster.workerGroupSpecs[0].template.spec],
  ];
};

describe("the project template's manifests", () => {
  let schemas: CrdSchemas;
  before(async function () {
    schemas = new CrdSchemas(await upstreamsOrSkip(this, "crds"));
  });

  for (const file of ["rayJob.yaml", "inferenceService.yaml"]) {
    it(`${file} has only fields that its CRD knows, of the right types`, () => {
      const object = manifest(file);
      const validate = schemas.validator(object.apiVersion, object.kind);
      assert.ok(validate, `no CRD for ${object.apiVersion} ${object.kind}`);
      assert.ok(validate(object), JSON.stringify(validate.errors, null, 1));
    });
  }

  it("a misspelt field is noticed", () => {
    const object = manifest("inferenceService.yaml");
    object.spec.predictor.minReplica = 0;
    const validate = schemas.validator(object.apiVersion, object.kind)!;
    assert.equal(validate(object), false);
    assert.match(JSON.stringify(validate.errors), /minReplica"/);
  });
});

describe("the project template's RayJob", () => {
  it("outlives the eviction of its submitter, which only follows the job", () => {
    assert.ok(rayJob().spec.submitterConfig.backoffLimit >= 2);
  });

  it("goes away by itself, waits in the project's queue, and names project, data and commit", () => {
    const { metadata, spec } = rayJob();
    assert.deepEqual(
      [spec.shutdownAfterJobFinishes, spec.ttlSecondsAfterFinished, spec.backoffLimit],
      [true, 600, 0],
    );
    assert.deepEqual(
      spec.rayClusterSpec.workerGroupSpecs.map(({ minReplicas, replicas }: any) => [
        minReplicas,
        replicas,
      ]),
      [[0, 2]],
    );
    assert.deepEqual(metadata.labels, {
      "app.kubernetes.io/part-of": "mlplatform",
      "kueue.x-k8s.io/queue-name": "default",
      "mlplatform.dev/project": "churn",
      "mlplatform.dev/git-commit": values.GIT_COMMIT,
    });
    assert.deepEqual(metadata.annotations, {
      "mlplatform.dev/dataset-name": "churn/customers",
      "mlplatform.dev/dataset-version": "1",
      "mlplatform.dev/dataset-location": "s3://lake/datasets/churn/customers/1",
      "mlplatform.dev/git-repository": "acme/churn",
    });
    assert.match(spec.entrypoint, /--dataset churn\/customers --dataset_version 1 /);
  });

  it("keeps every part of the log offloader's contract in each Ray pod", () => {
    for (const [role, spec] of rayPods()) {
      assert.equal(spec.initContainers.length, 1);
      const [sidecar] = spec.initContainers;
      assert.deepEqual([sidecar.name, sidecar.restartPolicy], ["log-offloader", "Always"]);
      assert.ok(spec.terminationGracePeriodSeconds >= 120);
      const logs = spec.volumes.find(({ name }: any) => name === "ray-logs");
      assert.deepEqual(logs.emptyDir, { sizeLimit: "10Gi" });
      const mount = { name: "ray-logs", mountPath: "/tmp/ray" };
      for (const container of [sidecar, spec.containers[0]]) {
        assert.deepEqual(container.volumeMounts[0], mount);
      }
      const env = Object.fromEntries(
        sidecar.env.map(({ name, value, valueFrom }: any) => [
          name,
          value ?? valueFrom.fieldRef?.fieldPath ?? valueFrom.secretKeyRef,
        ]),
      );
      assert.deepEqual(env, {
        MLP_LAKE_BUCKET: "lake",
        MLP_LAKE_ENDPOINT: values.LAKE_ENDPOINT,
        MLP_LAKE_REGION: "us-east-1",
        MLP_LAKE_ADDRESSING: "path",
        MLP_NAMESPACE: "metadata.namespace",
        MLP_CLUSTER: "metadata.labels['ray.io/cluster']",
        MLP_NODE: "metadata.name",
        MLP_PORT: "9464",
        MLP_RAYJOB: "train-1-1",
        MLP_ROLE: role,
        MLP_RAY_DIR: "/tmp/ray",
        MLP_STATE_DIR: "/tmp/ray/.log-offloader",
        AWS_ACCESS_KEY_ID: { name: "lake-credentials", key: "AWS_ACCESS_KEY_ID" },
        AWS_SECRET_ACCESS_KEY: { name: "lake-credentials", key: "AWS_SECRET_ACCESS_KEY" },
      });
    }
  });

  it("and the lookup Job sign in to MLflow by a token, without a password", () => {
    const lookup = manifest("resolveModel.yaml").spec.template.spec;
    for (const spec of [...rayPods().map(([, pod]) => pod), lookup]) {
      const { sources } = spec.volumes.find(({ name }: any) => name === "mlflow-token").projected;
      const token = { path: "token", audience: podTokenAudience, expirationSeconds: 3600 };
      assert.deepEqual(sources, [{ serviceAccountToken: token }]);
      for (const { env, volumeMounts } of spec.containers) {
        const mount = { name: "mlflow-token", mountPath: podTokenFolder, readOnly: true };
        assert.deepEqual(volumeMounts.at(-1), mount);
        const named = new Map(env.map(({ name, value }: any) => [name, value]));
        assert.equal(named.get("MLFLOW_TRACKING_AUTH"), "kubernetes");
        assert.ok(!named.has("MLFLOW_TRACKING_PASSWORD"));
      }
      for (const { volumeMounts } of spec.initContainers ?? []) {
        assert.ok(!volumeMounts.some(({ name }: any) => name === "mlflow-token"));
      }
    }
  });

  it("and the lookup Job pass the restricted pod security standard", () => {
    const lookup = manifest("resolveModel.yaml").spec.template.spec;
    const submitter = rayJob().spec.submitterPodTemplate.spec;
    const pods = [...rayPods().map(([, spec]) => spec), submitter, lookup];
    for (const spec of pods) {
      assert.equal(spec.securityContext.runAsNonRoot, true);
      assert.deepEqual(spec.securityContext.seccompProfile, { type: "RuntimeDefault" });
      assert.equal(spec.automountServiceAccountToken, false);
      for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
        const { allowPrivilegeEscalation, capabilities } = container.securityContext;
        assert.deepEqual([allowPrivilegeEscalation, capabilities], [false, { drop: ["ALL"] }]);
        assert.ok(container.resources.requests && container.resources.limits, container.name);
        assert.match(container.image, /(@sha256:[0-9a-f]{64}|:\d[\w.-]*)$/);
      }
    }
  });
});

describe("the project template's InferenceService", () => {
  it("starts from zero pods and carries its whole lineage into every prediction's record", () => {
    const { metadata, spec } = manifest("inferenceService.yaml");
    assert.equal(spec.predictor.minReplicas, 0);
    const lineage = Object.keys(metadata.annotations).filter((key) =>
      key.startsWith("mlplatform.dev/"),
    );
    assert.deepEqual(lineage, [
      "mlplatform.dev/model-name",
      "mlplatform.dev/model-version",
      "mlplatform.dev/run-id",
      "mlplatform.dev/dataset-name",
      "mlplatform.dev/dataset-version",
      "mlplatform.dev/dataset-digest",
    ]);
    assert.deepEqual(spec.predictor.logger.metadataAnnotations, lineage);
    assert.deepEqual(
      [spec.predictor.logger.mode, spec.predictor.logger.url],
      ["all", values.INFERENCE_TABLE_URL],
    );
    for (const value of Object.values(metadata.annotations)) {
      assert.equal(typeof value, "string");
    }
  });
});

describe("the project template's scripts", () => {
  const bad: [name: string, value: string][] = [
    ["MODEL_NAME", ""],
    ["MODEL_NAME", "a b"],
    ["MODEL_NAME", "$(id)"],
    ["DATASET_VERSION", '1"\nspec: {}'],
    ["WORKERS", "2; rm"],
    ["DATASET_NAME", "a'b"],
  ];
  for (const [name, value] of bad) {
    it(`render refuses ${name}=${JSON.stringify(value)} and prints no manifest`, () => {
      const { status, stdout, stderr } = render("rayJob.yaml", { [name]: value });
      assert.deepEqual([status, stdout], [1, ""]);
      assert.ok(stderr.startsWith(`render: ${name} for deploy/rayJob.yaml must be `), stderr);
    });
  }

  const lineage = (tags: Record<string, string>) =>
    spawnSync("bash", ["deploy/lineage.sh"], {
      cwd: template,
      encoding: "utf8",
      input: JSON.stringify({ name: "m", version: "3", run_id: "r1", uri: "s3://lake/a", tags }),
    });
  const complete = {
    "git.commit": "abc",
    "dataset.name": "churn/customers",
    "dataset.version": "1",
    "dataset.digest": "ff",
  };

  it("lineage hands a complete version on", function () {
    requireJq(this);
    const { status, stdout } = lineage(complete);
    assert.equal(status, 0);
    assert.deepEqual(stdout.trim().split("\n"), [
      "MODEL_VERSION=3",
      "RUN_ID=r1",
      "STORAGE_URI=s3://lake/a",
      "GIT_COMMIT=abc",
      "DATASET_NAME=churn/customers",
      "DATASET_VERSION=1",
      "DATASET_DIGEST=ff",
    ]);
  });

  for (const tag of Object.keys(complete)) {
    it(`lineage refuses a version whose run lacks ${tag}`, function () {
      requireJq(this);
      const { status, stderr } = lineage({ ...complete, [tag]: undefined as unknown as string });
      assert.notEqual(status, 0);
      assert.match(stderr, new RegExp(`run r1 has no tag ${tag.replace(".", "\\.")}`));
    });
  }

  it("lineage refuses a tag that would write a second variable", function () {
    requireJq(this);
    const { status, stdout, stderr } = lineage({ ...complete, "dataset.name": "a\nPATH=/x y" });
    assert.notEqual(status, 0);
    assert.doesNotMatch(stdout, /PATH=/);
    assert.match(stderr, /lineage: refused/);
  });
});

describe("the project template's workflows", () => {
  const workflows = readTemplate(template).filter((file) => file.path.startsWith(".github/"));

  it("are train and deploy, sign in by OIDC only, and pin every action by commit", () => {
    assert.deepEqual(
      workflows.map((file) => basename(file.path)),
      ["deploy.yml", "train.yml"],
    );
    for (const { path: name, content } of workflows) {
      const workflow = parse(content);
      assert.deepEqual(workflow.permissions, { contents: "read", "id-token": "write" });
      for (const job of Object.values<any>(workflow.jobs)) {
        assert.ok(job.environment, `${name}: without environment there is no identity`);
        for (const step of job.steps) {
          if (step.uses) {
            assert.match(step.uses, /@[0-9a-f]{40}$/, name);
          }
          // An expression inside a script would run whatever an input says.
          assert.doesNotMatch(step.run ?? "", /\$\{\{/, name);
        }
      }
      const secrets = [...content.matchAll(/secrets\.(\w+)/g)].map(([, secret]) => secret!);
      const allowed = [
        ...["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"],
        "INFERENCE_TABLE_URL",
      ];
      assert.deepEqual(
        secrets.filter((secret) => !allowed.includes(secret)),
        [],
      );
    }
  });

  it("set every variable of the manifests that they render", () => {
    const provided = (content: string) =>
      new Set([
        ...[...content.matchAll(/^ +([A-Z][A-Z_]+):/gm)].map(([, name]) => name),
        ...[...content.matchAll(/([A-Z][A-Z_]+)=/g)].map(([, name]) => name),
      ]);
    const lineage = readTemplate(template).find(({ path: file }) => file === "deploy/lineage.sh")!;
    for (const { path: name, content } of workflows) {
      const known = provided(content + lineage.content);
      const rendered = [...content.matchAll(/render\.sh (deploy\/\w+\.yaml)/g)].map(([, f]) => f!);
      assert.ok(rendered.length > 0);
      for (const file of rendered) {
        const text = readTemplate(template).find(({ path: candidate }) => candidate === file)!;
        for (const [, variable] of text.content.matchAll(/\$\{([A-Z_]+)\}/g)) {
          assert.ok(known.has(variable), `${name} does not set ${variable} of ${file}`);
        }
      }
    }
  });
});

describe("reading a template", () => {
  const folder = mkdtempSync(join(tmpdir(), "template-"));
  after(() => rmSync(folder, { recursive: true }));

  it("takes text files in order and leaves what tools leave behind", () => {
    mkdirSync(join(folder, "src/__pycache__"), { recursive: true });
    writeFileSync(join(folder, "src/__pycache__/x.pyc"), "x");
    writeFileSync(join(folder, "src/b.py"), "b");
    writeFileSync(join(folder, "README.md"), "hi");
    assert.deepEqual(readTemplate(folder), [
      { path: "README.md", content: "hi" },
      { path: "src/b.py", content: "b" },
    ]);
  });

  it("refuses a missing or empty folder and a binary file, by name", () => {
    const reasonOf = (name: string) =>
      templateProblems("github.templateDirectory", join(folder, name))[0]?.reason;
    assert.match(reasonOf("none")!, /^must be a directory, got ".*none"\. Give the folder/);
    mkdirSync(join(folder, "empty"));
    assert.match(reasonOf("empty")!, /^must have files, got ".*empty"\. Leave the argument out/);
    assert.equal(reasonOf("src"), undefined);
    writeFileSync(join(folder, "image.bin"), Buffer.from([0xff, 0xfe, 0x80]));
    assert.throws(() => readTemplate(folder), /image\.bin is not UTF-8 text/);
  });
});

/** The template's scripts read JSON by jq; where it is missing the test is skipped, and says so. */
function requireJq(test: Mocha.Context): void {
  if (!spawnSync("jq", ["--version"]).error) {
    return;
  }
  console.log("    skipped: jq is not installed");
  test.skip();
}
