import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";

const script = resolve(__dirname, "../../../components/mlProject/provisionTracking.py");
const administrator = { username: "admin", password: "administrator-word" };

interface Answer {
  status: number;
  body: unknown;
}

const missing: Answer = { status: 404, body: { error_code: "RESOURCE_DOES_NOT_EXIST" } };

/**
 * The part of MLflow's REST API that the script uses, with the answers that MLflow 3.17.2 gave to
 * it (basic-auth, SQLite), error bodies included.
 */
class TrackingDouble {
  readonly users = new Map<string, string>();
  readonly experiments = new Map<string, any>();
  readonly grants = new Map<string, string>();
  readonly changes: string[] = [];
  readonly server: Server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      const url = new URL(request.url!, "http://double");
      const input = text ? JSON.parse(text) : Object.fromEntries(url.searchParams);
      const token = Buffer.from(Object.values(administrator).join(":")).toString("base64");
      const isAdministrator = request.headers.authorization === `Basic ${token}`;
      const call = `${request.method} ${url.pathname}`;
      const answer: Answer =
        url.pathname === "/health"
          ? { status: 200, body: "OK" }
          : isAdministrator
            ? this.#answer(call, input)
            : { status: 401, body: "You are not authenticated." };
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
  });

  #answer(call: string, input: any): Answer {
    const ok = (body: unknown = {}): Answer => {
      if (!call.startsWith("GET")) {
        this.changes.push(call.replace(/\/api\/...\/mlflow\//, ""));
      }
      return { status: 200, body };
    };
    const grant = `${input.username} ${input.resource_type} ${input.resource_id}`;
    switch (call) {
      case "GET /api/2.0/mlflow/users/get":
        return this.users.has(input.username) ? ok({ user: {} }) : missing;
      case "POST /api/2.0/mlflow/users/create":
      case "PATCH /api/2.0/mlflow/users/update-password":
        this.users.set(input.username, input.password);
        return ok();
      case "GET /api/2.0/mlflow/experiments/get-by-name": {
        const experiment = this.experiments.get(input.experiment_name);
        return experiment ? ok({ experiment }) : missing;
      }
      case "POST /api/2.0/mlflow/experiments/create": {
        const id = String(this.experiments.size + 1);
        this.experiments.set(input.name, {
          ...input,
          experiment_id: id,
          lifecycle_stage: "active",
        });
        return ok({ experiment_id: id });
      }
      case "POST /api/2.0/mlflow/experiments/restore":
        for (const experiment of this.experiments.values()) {
          experiment.lifecycle_stage = "active";
        }
        return ok();
      case "GET /api/3.0/mlflow/users/permissions/get":
        return ok({ permission: this.grants.get(grant) ?? "NO_PERMISSIONS" });
      case "POST /api/3.0/mlflow/users/permissions/grant":
        if (this.grants.has(grant)) {
          return {
            status: 400,
            body: { error_code: "RESOURCE_ALREADY_EXISTS", message: "exists" },
          };
        }
        this.grants.set(grant, input.permission);
        return ok();
      case "POST /api/3.0/mlflow/users/permissions/revoke":
        this.grants.delete(grant);
        return ok();
      default:
        return { status: 405, body: `Method Not Allowed: ${call}` };
    }
  }
}

describe("the provisioning of a project in MLflow", () => {
  let double: TrackingDouble;
  beforeEach(async () => {
    double = new TrackingDouble();
    await new Promise<void>((listening) => double.server.listen(0, "127.0.0.1", listening));
  });
  afterEach(() => new Promise((closed) => double.server.close(closed)));

  const provision = (change: Record<string, string> = {}) =>
    new Promise<{ code: number | null; out: string; err: string }>((settle, reject) => {
      const { port } = double.server.address() as AddressInfo;
      const child = spawn("python3", [script], {
        env: {
          PATH: process.env.PATH,
          PROJECT: "churn",
          MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`,
          ADMIN_USERNAME: administrator.username,
          ADMIN_PASSWORD: administrator.password,
          PROJECT_USERNAME: "churn",
          PROJECT_PASSWORD: "first-word",
          WAIT_SECONDS: "5",
          ...change,
        },
      });
      let [out, err] = ["", ""];
      child.stdout.on("data", (chunk) => (out += chunk));
      child.stderr.on("data", (chunk) => (err += chunk));
      child.on("error", reject);
      child.on("close", (code) => settle({ code, out, err }));
    });

  it("makes user, experiment under the project's own prefix, and MANAGE on it", async () => {
    const { code, out, err } = await provision();
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(out, "user churn: created; experiment churn (1): created\n");
    assert.equal(double.users.get("churn"), "first-word");
    assert.equal(double.experiments.get("churn").artifact_location, "mlflow-artifacts:/churn");
    assert.deepEqual([...double.grants], [["churn experiment 1", "MANAGE"]]);
  });

  it("changes nothing but the password when it runs again", async () => {
    await provision();
    double.changes.length = 0;
    const { code } = await provision({ PROJECT_PASSWORD: "second-word" });
    assert.equal(code, 0);
    assert.deepEqual(double.changes, ["PATCH users/update-password"]);
    assert.equal(double.users.get("churn"), "second-word");
  });

  it("raises a lowered permission to MANAGE again", async () => {
    await provision();
    double.grants.set("churn experiment 1", "READ");
    assert.equal((await provision()).code, 0);
    assert.deepEqual([...double.grants], [["churn experiment 1", "MANAGE"]]);
  });

  it("restores a deleted experiment", async () => {
    await provision();
    double.experiments.get("churn").lifecycle_stage = "deleted";
    assert.match((await provision()).out, /experiment churn \(1\): restored/);
    assert.equal(double.experiments.get("churn").lifecycle_stage, "active");
  });

  it("refuses an experiment whose artifacts lie elsewhere, and grants nothing", async () => {
    double.experiments.set("churn", {
      experiment_id: "1",
      artifact_location: "mlflow-artifacts:/1",
      lifecycle_stage: "active",
    });
    const { code, err } = await provision();
    assert.equal(code, 1);
    assert.equal(
      err,
      "cannot provision the project: experiment churn keeps its artifacts at " +
        "mlflow-artifacts:/1, not at mlflow-artifacts:/churn. Rename that experiment in " +
        "MLflow, then run this again.\n",
    );
    assert.equal(double.grants.size, 0);
  });

  it("fails with the server's answer, and without either password, when it is refused", async () => {
    const { code, out, err } = await provision({ ADMIN_PASSWORD: "wrong-word" });
    assert.equal(code, 1);
    assert.match(err, /MLflow answered 401 .*to GET users\/get/);
    assert.doesNotMatch(out + err, /wrong-word|first-word|Traceback/);
  });

  it("says so when the server gives no answer", async () => {
    const { code, err } = await provision({
      MLFLOW_TRACKING_URI: "http://127.0.0.1:9",
      WAIT_SECONDS: "0",
    });
    assert.equal(code, 1);
    assert.match(err, /\/health gave no answer in 0.0 s/);
  });
});
