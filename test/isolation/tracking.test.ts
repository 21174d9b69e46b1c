import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { mlflowClient } from "@mlplatform/lake/ask/mlflowClient";
import { findInstalledPostgres } from "../../local/services/postgres";
import { startMinio } from "../../workloads/lake/testbed/objectStores";
import { testCells } from "./cells";
import { addPeople, person } from "./tracking/actors";
import { type Call, type projects, TrackingBed } from "./tracking/trackingBed";
import { type ProjectObjects, probes } from "./tracking/probes";
import { testTokens } from "./tracking/tokenFaults";
import { type WorkedBed, trackingCells } from "./tracking/trackingCells";

const flow = join(__dirname, "tracking", "projectFlow.py");
/** Installs and builds what the servers need, once. */
const prepareTimeoutMs = 1_800_000;
const m2 = "/api/2.0/mlflow";
const m3 = "/api/3.0/mlflow";
const churn = { username: "churn", workspace: "churn" };
const pricing = { username: "pricing", workspace: "pricing" };
const bucket = "lake";
/** By what each project's programs sign in. */
const meansOf = { churn: "password", pricing: "pod's token" };

describe("projects on MLflow, on MinIO", function () {
  this.timeout(300_000);
  let bed: TrackingBed;
  const made = {} as Record<(typeof projects)[number], ProjectObjects>;
  const worked = (): WorkedBed => ({ bed, ...made });
  let untouched: unknown;

  before(async function () {
    this.timeout(prepareTimeoutMs);
    if (findInstalledPostgres() === undefined) {
      console.log("      skipped: no PostgreSQL server is installed");
      this.skip();
    }
    bed = await TrackingBed.start(startMinio, "minio");
    await addPeople(bed);
  });
  after(() => bed?.stop());

  for (const [project, means] of Object.entries(meansOf)) {
    it(`${project} logs, registers, traces and reads back by its own ${means} alone`, async () => {
      const printed = await (means === "pod's token"
        ? bed.runAsPod(project, flow)
        : bed.runAsProject(project, flow));
      const objects = JSON.parse(/^\{"experiment".*\}$/m.exec(printed)![0]) as ProjectObjects;
      made[project as keyof typeof made] = objects;
      const own = new RegExp(`^mlflow-artifacts:/workspaces/${project}/`);
      assert.match(objects.artifacts, own);
    });
  }

  it("both have the same names where they choose them", async () => {
    const body = { name: "shared-name" };
    for (const caller of [churn, pricing]) {
      const path = `${m2}/registered-models/create`;
      const { status, text } = await bed.call(caller, { method: "POST", path, body });
      assert.equal(status, 200, text);
    }
    untouched = await stateOf(bed, made.pricing);
  });

  it("tells `mlp` of a project by a person's token", async () => {
    const token = person("pricing-viewers")(bed.issuers);
    const client = mlflowClient({ uri: bed.url, workspace: "pricing", token });
    assert.equal((await client.run(made.pricing.run))?.runId, made.pricing.run);
    const outside = mlflowClient({ uri: bed.url, workspace: "churn", token });
    await assert.rejects(outside.run(made.churn.run), /with 403/);
  });

  testCells(trackingCells(probes), worked);
  testTokens(() => bed);

  it("reads nobody else's artifacts by another spelling of their path", async () => {
    const path = made.pricing.artifacts.replace("mlflow-artifacts:/workspaces/pricing/", "");
    const own = made.churn.experiment;
    const spellings = [
      ...["", "/", "./"].map((start) => `${start}workspaces/pricing/${path}`),
      `workspaces//pricing/${path}`,
      `workspaces%2Fpricing%2F${path}`,
      `workspaces/churn/../pricing/${path}`,
      `workspaces/churn/%2e%2e/pricing/${path}`,
      `workspaces/churn/%252e%252e/pricing/${path}`,
      `workspaces/churn/..%5cpricing/${path}`,
      `WORKSPACES/pricing/${path}`,
      `${own}/../../pricing/${path}`,
      `${own}/%2e%2e/%2e%2e/pricing/${path}`,
      `workspaces/pricing/${own}/../${path}`,
      `x/..;/workspaces/pricing/${path}`,
      `workspaces/churn%00/../pricing/${path}`,
    ];
    for (const workspace of ["churn", "pricing", "default", undefined]) {
      const call: Call = { method: "GET", path: "/api/2.0/mlflow-artifacts/artifacts" };
      const { text } = await bed.call({ ...churn, workspace }, call);
      assert.doesNotMatch(text, new RegExp(`pricing|workspaces|"${made.pricing.experiment}"`));
    }
    for (const base of ["/api", "/ajax-api"]) {
      for (const spelling of spellings) {
        const file = `${base}/2.0/mlflow-artifacts/artifacts/${spelling}/secret.txt`;
        const { status, text } = await bed.call(churn, { method: "GET", path: file });
        assert.ok(status >= 400 && !text.includes("pricing-secret"), `${file}: ${status} ${text}`);
      }
    }
  });

  it("makes no version from an address that the server would open", async () => {
    const { loggedModelArtifacts, loggedModel, run } = made.pricing;
    const address = inBucket(loggedModelArtifacts);
    const name = "borrowed";
    await allowed(bed, post(`${m2}/registered-models/create`, { name }));
    for (const source of [
      address,
      `${address}/`,
      loggedModelArtifacts,
      `models:/${loggedModel}`,
      `runs:/${run}/model`,
      "models:/pricing-model/1",
      "file:///etc",
      "/etc",
      "http://127.0.0.1:9000/lake",
    ]) {
      const body = { name, source };
      const answer = await bed.call(churn, post(`${m2}/model-versions/create`, body));
      const version = versionOf(answer.text);
      // What MLflow takes as a name of its own leads nowhere outside the workspace.
      if (version !== undefined) {
        const query = { name, version, path: "MLmodel" };
        const file = { method: "GET", path: "/model-versions/get-artifact", query };
        const { status, text } = await bed.call(churn, file);
        assert.ok(status >= 400 && !text.includes("pricing-secret"), `${source}: ${text}`);
      }
      if (/^(s3|file|http|\/)/.test(source)) {
        assert.equal(version, undefined, source);
      }
    }
  });

  it("makes no experiment with a place of its own choice", async () => {
    for (const location of [
      `s3://${bucket}/artifacts/workspaces/pricing`,
      "mlflow-artifacts:/workspaces/pricing/1",
      "file:///tmp",
    ]) {
      const body = { name: `placed-${location.length}`, artifact_location: location };
      const answer = await bed.call(churn, post(`${m2}/experiments/create`, body));
      assert.equal(answer.status, 400, answer.text);
    }
  });

  it("opens no place that a trace's tag names outside the workspace", async () => {
    const spans = JSON.stringify({ spans: [{ name: "pricing-secret" }] });
    const place = (its: ProjectObjects, project: string) =>
      `artifacts/workspaces/${project}/${its.experiment}/traces/${its.trace}/artifacts`;
    const theirs = place(made.pricing, "pricing");
    // Without spans in the database, MLflow reads them where the tag says.
    const trace = `tr-${"1".repeat(32)}`;
    const location = {
      type: "MLFLOW_EXPERIMENT",
      mlflow_experiment: { experiment_id: made.churn.experiment },
    };
    const info = { trace_id: trace, trace_location: location, state: "OK" };
    const traceInfo = { ...info, request_time: "2026-01-01T00:00:00Z" };
    await allowed(bed, post(`${m3}/traces`, { trace: { trace_info: traceInfo } }));
    const administrator = bed.s3("administrator");
    const put = (folder: string) =>
      administrator.send(
        new PutObjectCommand({ Bucket: bucket, Key: `${folder}/traces.json`, Body: spans }),
      );
    const own = place(made.churn, "churn");
    await Promise.all([put(theirs), put(own)]);
    administrator.destroy();
    const file: Call = {
      method: "GET",
      path: "/ajax-api/2.0/mlflow/get-trace-artifact",
      query: { request_id: trace },
    };
    for (const version of [m2, m3]) {
      for (const [address, isOpened] of [
        [`s3://${bucket}/${own}`, true],
        [`s3://${bucket}/${theirs}`, false],
        [`mlflow-artifacts:/${theirs.replace("artifacts/", "")}`, false],
        [`s3://${bucket}/artifacts/workspaces/churn/../pricing/${made.pricing.experiment}`, false],
        [`file:///tmp`, false],
        ["/etc", false],
      ] as const) {
        for (const key of ["mlflow.artifactLocation", "mlflow.trace.archiveLocation"]) {
          const tag = { key, value: address };
          const path = `${version}/traces/${trace}/tags`;
          await bed.call(churn, { method: "PATCH", path, body: tag });
        }
        const { status, text } = await bed.call(churn, file);
        const tells = text.includes("pricing-secret");
        // Its own place shows that the tag is followed at all.
        assert.equal(tells, isOpened, `${address}: ${status} ${text}`);
      }
    }
  });

  it("has no route on which nobody decided (UPDATE_GOLDEN=1 writes a new list)", async () => {
    const output = await bed.runAsServer(join(__dirname, "tracking", "serverRoutes.py"));
    // Before it stand MLflow's warnings.
    const printed = output.slice(output.search(/^routes$/m));
    const golden = join(__dirname, "..", "golden", "mlflowRoutes.txt");
    if (process.env.UPDATE_GOLDEN === "1") {
      writeFileSync(golden, printed);
    }
    // A new route is closed by the gate, or is one that projects need: then a probe asks it.
    assert.deepEqual(printed.split("\n"), readFileSync(golden, "utf8").split("\n"));
  });

  it("answers only the names that it is known by", async () => {
    const asked = async (host: string) => {
      const headers = { host };
      const path = `${m2}/experiments/search?max_results=1`;
      return (await bed.call({ ...churn, headers }, { method: "GET", path })).status;
    };
    for (const host of ["mlflow", "mlflow.mlflow.svc.cluster.local:5000", "localhost:1"]) {
      assert.equal(await asked(host), 200, host);
    }
    for (const host of ["evil.example", "mlflow.evil.example", "169.254.169.254", "mlflow:80"]) {
      assert.equal(await asked(host), 403, host);
    }
  });

  it("gives the server a key to artifacts/ and to nothing else", async () => {
    const client = bed.s3("server");
    const status = (attempt: Promise<unknown>) =>
      attempt.then(
        () => 200,
        (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode,
      );
    const put = (key: string) =>
      status(client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "a" })));
    const list = (prefix: string) =>
      status(client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix })));
    assert.equal(await put("artifacts/workspaces/churn/probe"), 200);
    assert.equal(await list("artifacts/workspaces/churn/"), 200);
    for (const place of ["datasets/churn/a", "raylogs/namespace=churn/a", "inferences/a", "a"]) {
      assert.equal(await put(place), 403, place);
      assert.equal(await status(client.send(get(place))), 403, place);
    }
    for (const prefix of ["", "datasets/", "raylogs/"]) {
      assert.equal(await list(prefix), 403, prefix);
    }
    client.destroy();
  });

  describe("the provisioning of a project", () => {
    it("changes nothing but the password when it runs again", async () => {
      assert.match(
        await bed.provisionProject("pricing"),
        /^workspace pricing: found; user pricing: password set; experiment pricing \(\d+\): found\n$/,
      );
    });

    it("takes back what others were given of the project's role", async () => {
      await bed.assign("stranger", "pricing", "service");
      const stranger = { username: "stranger", workspace: "pricing" };
      const call: Call = { method: "GET", path: `${m2}/runs/get`, query: {} };
      call.query = { run_id: made.pricing.run };
      assert.equal((await bed.call(stranger, call)).status, 200);
      await bed.provisionProject("pricing");
      assert.equal((await bed.call(stranger, call)).status, 403);
      assert.equal((await bed.call(pricing, call)).status, 200);
    });

    it("corrects a role that was changed", async () => {
      const query = { workspace: "pricing" };
      const listed = await bed.administer({ method: "GET", path: `${m3}/roles/list`, query });
      const role = listed.roles.find((each: any) => each.name === "viewer");
      const grant = { resource_pattern: "*", permission: "MANAGE" };
      const id = role.permissions.find((each: any) => each.resource_type === "experiment").id;
      await bed.administer({
        method: "PATCH",
        path: `${m3}/roles/permissions/update`,
        body: { role_permission_id: id, permission: "MANAGE" },
      });
      await bed.administer(
        post(`${m3}/roles/permissions/add`, {
          role_id: role.id,
          resource_type: "workspace",
          ...grant,
          permission: "USE",
        }),
      );
      await bed.provisionProject("pricing");
      const { role_permissions } = await bed.administer({
        method: "GET",
        path: `${m3}/roles/permissions/list`,
        query: { role_id: String(role.id) },
      });
      const held = role_permissions.map((each: any) => [each.resource_type, each.permission]);
      assert.deepEqual(Object.fromEntries(held), {
        experiment: "READ",
        registered_model: "READ",
        prompt: "READ",
        scorer: "READ",
      });
    });

    it("restores a deleted experiment of the project's name", async () => {
      const path = `${m2}/experiments/get-by-name`;
      const query = { experiment_name: "pricing" };
      const found = JSON.parse((await bed.call(pricing, { method: "GET", path, query })).text);
      const { experiment_id } = found.experiment;
      await bed.call(pricing, post(`${m2}/experiments/delete`, { experiment_id }));
      assert.match(await bed.provisionProject("pricing"), /experiment pricing \(\d+\): restored/);
    });

    it("takes no administrator for a project's user", async () => {
      const outcome = bed.provisionProject("pricing", { PROJECT: "admin" });
      await assert.rejects(outcome, /admin is an administrator of MLflow\. Name the project/);
      await bed.administer({ method: "GET", path: `${m2}/users/list` });
    });

    it("finds a project's name free, whatever was tried before", async () => {
      const late = { username: "churn", workspace: "late" };
      for (const workspace of ["late", undefined, "default"]) {
        for (const path of ["experiments", "registered-models"]) {
          const caller = { ...late, workspace };
          const answer = await bed.call(caller, post(`${m2}/${path}/create`, { name: "late" }));
          assert.ok([403, 404].includes(answer.status), `${workspace}: ${answer.text}`);
        }
      }
      const variables = { PROJECT: "late" };
      assert.match(
        await bed.provisionProject("pricing", variables),
        /^workspace late: created; user late: created; experiment late \(\d+\): created\n$/,
      );
      const answer = await bed.call(late, post(`${m2}/experiments/create`, { name: "mine" }));
      assert.equal(answer.status, 403);
    });
  });

  describe("after all that", () => {
    it("what is the other's is as it was", async () => {
      assert.deepEqual(await stateOf(bed, made.pricing), untouched);
    });
  });
});

const post = (path: string, body: unknown): Call => ({ method: "POST", path, body });
const get = (key: string) => new GetObjectCommand({ Bucket: bucket, Key: key });
const inBucket = (uri: string) => uri.replace(/^mlflow-artifacts:/, `s3://${bucket}/artifacts`);

async function allowed(bed: TrackingBed, call: Call): Promise<void> {
  const { status, text } = await bed.call(churn, call);
  assert.equal(status, 200, text);
}

function versionOf(text: string): string | undefined {
  return /"version":\s*"(\d+)"/.exec(text)?.[1];
}

/** What the administrator sees of `pricing`, and its objects in the store. */
async function stateOf(bed: TrackingBed, its: ProjectObjects): Promise<unknown> {
  const asked = (call: Call) => bed.administer(call, "pricing");
  const query = (path: string, of: Record<string, string>) =>
    asked({ method: "GET", path: `${m2}/${path}`, query: of });
  const client: S3Client = bed.s3("administrator");
  const listed = await client.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: "artifacts/workspaces/pricing/" }),
  );
  client.destroy();
  // Compared as values: each of the server's workers has its own order of a trace's metadata.
  return [
    await query("experiments/get", { experiment_id: its.experiment }),
    await asked(post(`${m2}/runs/search`, { experiment_ids: [its.experiment] })),
    await query("registered-models/get", { name: its.model }),
    await query("model-versions/get", { name: its.prompt, version: "1" }),
    await asked({ method: "GET", path: `${m2}/logged-models/${its.loggedModel}` }),
    await asked({ method: "GET", path: `${m3}/traces/${its.trace}` }),
    await asked({ method: "GET", path: `${m3}/datasets/${its.dataset}` }),
    // The span that a test put there to be found is the test's.
    listed.Contents?.map(({ Key, ETag }) => [Key, ETag]).filter(
      ([key]) => !key!.endsWith("traces.json"),
    ),
  ];
}
