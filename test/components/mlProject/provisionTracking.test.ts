import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";

const script = resolve(__dirname, "../../../components/mlProject/provisionTracking.py");

// What it makes is asked of a real MLflow, in test/isolation; here is what it says when it can't.
describe("the provisioning of a project in MLflow, refused", () => {
  let server: Server;
  let answer: { status: number; body: string };
  beforeEach(async () => {
    answer = { status: 401, body: "You are not authenticated." };
    server = createServer((request, response) => {
      const { status, body } = request.url === "/health" ? { status: 200, body: "OK" } : answer;
      response.writeHead(status).end(body);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  });
  afterEach(() => new Promise((closed) => server.close(closed)));

  const provision = (change: Record<string, string> = {}) =>
    new Promise<{ code: number | null; out: string; err: string }>((settle, reject) => {
      const { port } = server.address() as AddressInfo;
      const child = spawn("python3", [script], {
        env: {
          PATH: process.env.PATH,
          PROJECT: "churn",
          MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`,
          ADMIN_USERNAME: "admin",
          ADMIN_PASSWORD: "wrong-word",
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

  it("fails with the server's answer, and without either password", async () => {
    const { code, out, err } = await provision();
    assert.equal(code, 1);
    assert.match(err, /MLflow answered 401 .*to GET users\/get/);
    assert.doesNotMatch(out + err, /wrong-word|first-word|Traceback/);
  });

  it("says that the server has no workspaces", async () => {
    answer = { status: 503, body: "disabled because the server is running without workspaces" };
    const { code, err } = await provision();
    assert.equal(code, 1);
    assert.match(err, /MLflow answered 503 .*without workspaces/);
    assert.doesNotMatch(err, /Traceback/);
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
