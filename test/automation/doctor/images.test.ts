import assert from "node:assert/strict";
import { Severity } from "../../../automation/doctor/finding";
import { examineDockerHub, examineImages, manifestPlace } from "../../../automation/doctor/images";
import { withServer } from "./httpAnswers";

const { signal } = new AbortController();

describe("mlp doctor on images", () => {
  for (const [image, repositoryUrl, reference] of [
    ["redis", "https://registry-1.docker.io/v2/library/redis", "latest"],
    ["kserve/agent:v0.20.0", "https://registry-1.docker.io/v2/kserve/agent", "v0.20.0"],
    ["ghcr.io/acme/a/b:1@sha256:ab", "https://ghcr.io/v2/acme/a/b", "sha256:ab"],
    ["localhost:5000/mlflow", "http://localhost:5000/v2/mlflow", "latest"],
    ["acme.example:5000/mlflow:2", "https://acme.example:5000/v2/mlflow", "2"],
  ] as const) {
    it(`asks for ${image} at ${repositoryUrl}`, () => {
      assert.deepEqual(manifestPlace(image), { repositoryUrl, reference });
    });
  }

  it("asks no registry for what is published nowhere, or is on the nodes", async () => {
    const names = [
      "unpublished.invalid/unpublished/mlflow:0.1.0",
      "localhost/mlplatform/minio:1.0.0",
    ];
    const findings = await examineImages(names, signal);
    assert.deepEqual(
      findings.map(({ subject, severity }) => [subject, severity]),
      [
        ["Own images", Severity.Failure],
        ["Preloaded images", Severity.NotChecked],
      ],
    );
    assert.match(findings[0]!.seen, /1 published nowhere: mlflow:0\.1\.0/);
    assert.match(findings[0]!.remedy!, /images bootstrap/);
  });

  it("tells which come from Docker Hub, however they are spelled, and of no other", () => {
    const [finding, ...others] = examineDockerHub([
      "redis:7",
      "docker.io/grafana/loki:3.5.0",
      "grafana/loki:3.4.0",
      "ghcr.io/acme/redis:7",
      "localhost/mlplatform/minio:0.1.0",
    ]);
    assert.deepEqual(others, []);
    assert.equal(finding!.severity, Severity.Warning);
    assert.match(finding!.seen, /^2 images .*: grafana\/loki, library\/redis$/);
    assert.match(finding!.remedy!, /100 times in six hours.*images\.registry/);
    assert.deepEqual(examineDockerHub(["acme.azurecr.io/mirror/grafana/loki:3.4.0"]), []);
  });

  it("tells what is there, what isn't, and what wants a sign-in", async () => {
    const asked: string[] = [];
    const findings = await withServer(
      (request, response, origin) => {
        const { pathname, searchParams } = new URL(request.url ?? "/", origin);
        asked.push(`${request.method} ${pathname}`);
        if (pathname === "/token") {
          const scope = searchParams.get("scope");
          response.end(JSON.stringify(scope?.includes("open") ? { token: "nobodys" } : {}));
        } else if (pathname.startsWith("/v2/open/")) {
          const isIn = request.headers.authorization === "Bearer nobodys";
          const challenge = `Bearer realm="${origin}/token",service="r",scope="repository:open"`;
          response.writeHead(isIn ? 200 : 401, { "www-authenticate": challenge }).end();
        } else if (pathname.startsWith("/v2/closed/")) {
          const challenge = `Bearer realm="${origin}/token",scope="repository:closed"`;
          response.writeHead(401, { "www-authenticate": challenge }).end();
        } else {
          response.writeHead(404).end();
        }
      },
      (origin) => {
        const host = new URL(origin).host;
        const names = [`${host}/open/a:1`, `${host}/closed/b:1`, `${host}/none/c:1`];
        return examineImages([...names, "127.0.0.1:1/gone:1"], signal);
      },
    );
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      [Severity.Failure, Severity.NotChecked, Severity.Good],
    );
    const [absent, unknown, present] = findings;
    assert.match(absent!.subject, /^Image 127\.0\.0\.1:\d+\/none\/c:1$/);
    assert.match(unknown!.seen, /^2 of 4: .*127\.0\.0\.1:1.*; 127\.0\.0\.1:\d+ answered 401$/);
    assert.equal(present!.seen, "1 of 4 are there");
    assert.ok(asked.every((each) => each.startsWith("HEAD ") || each === "GET /token"));
  });
});
