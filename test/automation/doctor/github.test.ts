import assert from "node:assert/strict";
import { type Finding, Severity } from "../../../automation/doctor/finding";
import { examineGitHub } from "../../../automation/doctor/github";
import { withServer } from "./httpAnswers";

const token = "ghp_fixture";
const { signal } = new AbortController();

/** GitHub's REST API, as far as it is asked: https://docs.github.com/rest. */
interface Hub {
  scopes?: string | undefined;
  /** What `rate_limit` answers. */
  status?: number;
  /** What the owner answers. */
  ownerStatus?: number;
  repositoryStatus?: number;
  plan?: string | undefined;
  isUser?: boolean;
  existing?: string[];
  visibility?: string;
  reviewed?: string[];
}

function examined(hub: Hub, given: string | undefined = token): Promise<Finding[]> {
  const { scopes, status = 200, plan, existing = [], visibility = "private", reviewed = [] } = hub;
  return withServer(
    (request, response) => {
      const body = (code: number, value: unknown) => {
        const headers = scopes === undefined ? {} : { "X-OAuth-Scopes": scopes };
        response.writeHead(code, { "content-type": "application/json", ...headers });
        response.end(JSON.stringify(value));
      };
      if (request.headers.authorization !== `Bearer ${token}`) {
        body(401, { message: "Bad credentials" });
      } else if (request.url === "/api/v3/rate_limit") {
        body(status, {});
      } else if (request.url === `/api/v3/${hub.isUser ? "users" : "orgs"}/acme`) {
        body(hub.ownerStatus ?? 200, {
          login: "acme",
          ...(plan === undefined ? {} : { plan: { name: plan } }),
        });
      } else if (existing.includes(request.url ?? "")) {
        body(200, {});
      } else if (request.url === "/api/v3/repos/acme/churn") {
        body(hub.repositoryStatus ?? 404, {});
      } else {
        body(404, { message: "Not Found" });
      }
    },
    (origin) =>
      examineGitHub(
        {
          baseUrl: `${origin}/api/v3/`,
          owner: "acme",
          repositories: [{ name: "churn", visibility }],
          reviewedEnvironments: reviewed,
        },
        given,
        signal,
      ),
  );
}

const said = (found: Finding[]) => found.map(({ subject, severity }) => [subject, severity]);

describe("mlp doctor on GitHub", () => {
  for (const given of ["ghp_se\ncret", "ghp_secret\n", "ghp secret", "ghp_s\u00e9cret", "\u2026"]) {
    it(`repeats no part of a token that can't be sent: ${JSON.stringify(given)}`, async () => {
      const findings = await examined({}, given);
      assert.deepEqual(
        findings.map(({ subject, severity }) => [subject, severity]),
        [["GITHUB_TOKEN", Severity.Failure]],
      );
      assert.doesNotMatch(JSON.stringify(findings), /ghp|cret|\u2026/);
    });
  }

  it("finds all good with a classic token of an owner", async () => {
    const found = await examined({ scopes: "repo, workflow, read:org", plan: "team" });
    assert.deepEqual(said(found), [
      ["GITHUB_TOKEN", Severity.Good],
      ["GitHub acme", Severity.Good],
      ["Repository acme/churn", Severity.Good],
    ]);
  });

  it("asks for a token, and never shows one", async () => {
    assert.deepEqual(said(await examined({}, "")), [["GITHUB_TOKEN", Severity.Failure]]);
    const refused = await examined({}, "ghp_another");
    assert.deepEqual(said(refused), [["GITHUB_TOKEN", Severity.Failure]]);
    assert.doesNotMatch(JSON.stringify(refused), /ghp_/);
  });

  const classic = { scopes: "repo, workflow", plan: "team" };

  it("goes on where Enterprise Server has no rate limits and answers 404", async () => {
    assert.deepEqual(
      said(await examined({ ...classic, status: 404 })),
      said(await examined(classic)),
    );
    const [first] = await examined({ ...classic, scopes: "repo", status: 404 });
    assert.equal(first!.seen, "lacks the scope workflow");
  });

  for (const hub of [
    { ...classic, status: 403 },
    { ...classic, status: 502 },
    { plan: "team", status: 404 },
  ]) {
    it(`blames no token for ${hub.status}${"scopes" in hub ? "" : " without scopes"}`, async () => {
      const found = await examined(hub);
      assert.deepEqual(said(found), [["GITHUB_TOKEN", Severity.NotChecked]]);
      assert.match(found[0]!.seen, new RegExp(`rate_limit answered ${hub.status}`));
    });
  }

  for (const [status, severity] of [
    [404, Severity.Failure],
    [403, Severity.NotChecked],
    [503, Severity.NotChecked],
  ] as const) {
    it(`finds ${severity}: ${status} of the owner`, async () => {
      for (const isUser of [false, true]) {
        const found = await examined({ ...classic, isUser, ownerStatus: status });
        assert.deepEqual(said(found)[1], ["GitHub acme", severity]);
        assert.match(found[1]!.seen, status === 404 ? /no such/ : new RegExp(`${status}`));
      }
    });
  }

  it("doesn't say that a repository is there which it may not see", async () => {
    const found = await examined({ ...classic, repositoryStatus: 403 });
    assert.deepEqual(said(found)[2], ["Repository acme/churn", Severity.NotChecked]);
    assert.equal(found[2]!.seen, "GitHub answered 403");
  });

  it("names the scope that is missing", async () => {
    const [first] = await examined({ scopes: "repo", plan: "team" });
    assert.equal(first!.severity, Severity.Failure);
    assert.equal(first!.seen, "lacks the scope workflow");
  });

  it("says what a fine-grained token needs, since it doesn't tell", async () => {
    const [first] = await examined({ plan: "team" });
    assert.equal(first!.severity, Severity.NotChecked);
    assert.match(first!.remedy!, /Workflows: read and write/);
  });

  for (const [plan, visibility, reviewed, severity] of [
    ["free", "private", [], Severity.Failure],
    ["free", "public", [], Severity.Good],
    ["team", "private", ["churn/production"], Severity.Failure],
    ["enterprise", "private", ["churn/production"], Severity.Good],
    [undefined, "private", [], Severity.NotChecked],
  ] as const) {
    const what = `plan ${plan ?? "hidden"}, ${visibility}, ${reviewed.length} reviewed`;
    it(`finds ${severity}: ${what}`, async () => {
      const hub = { scopes: "repo, workflow", plan, visibility, reviewed: [...reviewed] };
      const found = await examined(hub);
      assert.equal(found[1]!.severity, severity);
      assert.deepEqual(said(await examined({ ...hub, isUser: true })), said(found));
    });
  }

  it("warns of a repository that is there", async () => {
    const existing = ["/api/v3/repos/acme/churn"];
    const found = await examined({ scopes: "repo, workflow", plan: "team", existing });
    assert.deepEqual(said(found)[2], ["Repository acme/churn", Severity.Warning]);
  });

  it("doesn't call unreachable good", async () => {
    const needs = { owner: "acme", repositories: [], reviewedEnvironments: [] };
    const found = await examineGitHub({ ...needs, baseUrl: "http://127.0.0.1:1/" }, token, signal);
    assert.deepEqual(said(found), [["GitHub", Severity.NotChecked]]);
  });
});
