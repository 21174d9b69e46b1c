import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { person, pod } from "./actors";
import { type Claims, personClaims, podClaims } from "./tokenIssuer";
import type { Answer, Caller, TokenIssuers, TrackingBed } from "./trackingBed";

/** How long the server may take to ask an issuer again, with room for a busy machine. */
const askedAgainMs = 60_000;
/** Each of the server's processes has keys of its own: as many calls reach both. */
const callsAtOnce = 8;

const inSeconds = (after: number) => Math.floor(Date.now() / 1000) + after;
const training = podClaims("pricing", "training");
const groups = ["pricing-viewers"];

/** A token that is refused, and the words that say why. */
type Fault = [name: string, make: (issuers: TokenIssuers) => string, says: RegExp];

const forgedNow =
  (claims: () => Claims, header?: Record<string, unknown>) =>
  ({ cluster }: TokenIssuers) =>
    cluster.token({ ...training, ...claims() }, header);
const forged = (claims: Claims, header?: Record<string, unknown>) =>
  forgedNow(() => claims, header);

const faults: Fault[] = [
  ["that is empty", () => "", /it is empty|not authenticated/],
  ["that is none", () => "abc", /Not enough segments/],
  ["that is too long", () => "a".repeat(20_000), /Not enough segments/],
  ["with another's signature", swapped, /Signature verification failed/],
  ["that expired", forgedNow(() => ({ exp: inSeconds(-60) })), /has expired/],
  ["that never expires", forged({ exp: undefined }), /missing the "exp" claim/],
  ["of the future", forgedNow(() => ({ nbf: inSeconds(600) })), /not yet valid/],
  ["made in the future", forgedNow(() => ({ iat: inSeconds(600) })), /not yet valid/],
  ["for the API server", forged({ aud: ["https://kubernetes.default.svc"] }), /Audience/],
  ["for nobody", forged({ aud: undefined }), /missing the "aud" claim/],
  ["of another issuer", forged({ iss: "https://evil.example" }), /its issuer is "https:\/\/evil/],
  ["of no issuer", forged({ iss: undefined }), /its issuer is null/],
  ["of a list of issuers", forged({ iss: ["https://evil.example"] }), /issuer/i],
  ["of people's issuer by the cluster's key", byOtherKey, /Unable to find a signing key/],
  ["that isn't signed", forged({}, { alg: "none" }), /alg value is not allowed/],
  ["signed by the public key", forged({}, { alg: "HS256" }), /alg value is not allowed/],
  ["signed in another way than it says", forged({}, { alg: "ES256" }), /not match the key/],
  ["by an unknown key", forged({}, { kid: "another" }), /Unable to find a signing key/],
  ["by no named key", forged({}, { kid: undefined }), /Unable to find a signing key/],
  [
    "with a key of its own",
    forged({}, { kid: "own", jwk: { kty: "oct", k: "AAAA" }, jku: "http://127.0.0.1:1/keys" }),
    /Unable to find a signing key/,
  ],
  ["of another service account", pod("pricing", "serving"), /account serving may not sign in/],
  ["of the default service account", pod("pricing", "default"), /account default may not/],
  ["of a namespace that is no project", pod("observability"), /observability is no project/],
  ["of a namespace named as the administrator", pod("admin"), /admin is no project/],
  ["of a namespace named as a person", pod("pricing-viewer"), /pricing-viewer is no project/],
  ["of no service account", forged({ "kubernetes.io": undefined }), /no service account's/],
  ["of a person without groups", ofPerson(undefined), /no list of groups in groups/],
  ["of a person of too many groups", ofOverage, /no list of groups in groups/],
  ["of a person with groups in a text", ofPerson("pricing-members"), /no list of groups/],
  ["of a person with groups that are none", ofPerson([["pricing-members"], 1]), /none of its 0/],
  ["of a person of no group in the table", ofPerson(["everybody"]), /none of its 1 groups/],
  ["of a person for another audience", ofOtherAudience, /Audience/],
];

/** Declares the tests of tokens, on a bed whose projects have done their work. */
export function testTokens(bedOf: () => TrackingBed): void {
  describe("a token", () => {
    for (const [name, make, says] of faults) {
      it(`${name} is refused, and the answer says why`, async () => {
        const { status, text } = await searched(bedOf(), make);
        assert.equal(status, 401, text);
        assert.match(text, says);
      });
    }

    it("of a pod and of each role of a person is taken", async () => {
      for (const token of [
        pod("pricing"),
        ...["viewers", "approvers", "members", "administrators"].map((role) =>
          person(`pricing-${role}`),
        ),
        person("platform"),
        // Microsoft Entra lists up to two hundred.
        person(...Array.from({ length: 200 }, (_, index) => `group-${index}`), "pricing-viewers"),
      ]) {
        const { status, text } = await searched(bedOf(), token);
        assert.equal(status, 200, text);
        assert.match(text, /pricing-models/);
      }
    });

    it("of a person who only reads creates nothing, and a member's does", async () => {
      const made = async (role: string) => {
        const caller = { token: person(`pricing-${role}`), workspace: "pricing" };
        const body = { name: `by-${role}` };
        const path = "/api/2.0/mlflow/experiments/create";
        const answer = await bedOf().call(caller, { method: "POST", path, body });
        const { experiment_id: experiment } = JSON.parse(answer.text) as Record<string, string>;
        const change = { key: "note", value: "changed", experiment_id: experiment ?? "0" };
        const tagged = await bedOf().call(caller, {
          method: "POST",
          path: "/api/2.0/mlflow/experiments/set-experiment-tag",
          body: change,
        });
        return [answer.status, tagged.status];
      };
      assert.deepEqual(await made("members"), [200, 200]);
      assert.deepEqual(await made("administrators"), [200, 200]);
      for (const role of ["viewers", "approvers"]) {
        assert.equal((await made(role).catch(() => [403]))[0], 403, role);
      }
    });

    it("of a person shows the page the workspaces and rights of their groups", async () => {
      const caller = { token: person("churn-members", "pricing-viewers") };
      const asked = async (path: string) =>
        JSON.parse((await bedOf().call(caller, { method: "GET", path })).text);
      const { workspaces } = await asked("/ajax-api/3.0/mlflow/workspaces");
      const names = (workspaces as { name: string }[]).map(({ name }) => name);
      assert.deepEqual(names.sort(), ["churn", "pricing"]);
      const { user } = await asked("/ajax-api/2.0/mlflow/users/current");
      assert.deepEqual(user, { id: 0, username: "oidc:ada@example.com", is_admin: false });
      const { permissions } = await asked("/ajax-api/3.0/mlflow/users/current/permissions");
      const held = (permissions as Record<string, string>[]).map(
        ({ workspace, resource_type, permission }) => [workspace, resource_type, permission],
      );
      const kinds = ["experiment", "registered_model", "prompt", "scorer"];
      assert.deepEqual(held, [
        ["churn", "workspace", "USE"],
        ...kinds.map((kind) => ["churn", kind, "MANAGE"]),
        ...kinds.map((kind) => ["pricing", kind, "READ"]),
      ]);
    });

    it("beside another header of its kind gives what the first gives, at most", async () => {
      const bed = bedOf();
      const theirs = `Bearer ${pod("pricing")(bed.issuers)}`;
      const own = `Bearer ${pod("churn")(bed.issuers)}`;
      const basic = bed.authorization("churn");
      for (const authorization of [
        [own, theirs],
        [theirs, own],
        [basic, theirs],
        [theirs, basic],
      ]) {
        const caller = { workspace: "pricing", headers: { authorization } };
        const { status, text } = await searched(bed, caller);
        assert.equal(status, 401, text);
      }
      // What FastAPI serves by itself sees the first alone.
      const path = "/api/2.0/mlflow-artifacts/artifacts/1/none.txt";
      for (const [authorization, expected] of [
        [["Bearer abc", theirs], 401],
        [[own, theirs], 403],
      ] as const) {
        const headers = { authorization: [...authorization] };
        const answer = await bed.call({ workspace: "pricing", headers }, { method: "GET", path });
        assert.equal(answer.status, expected, answer.text);
      }
    });

    it("in another place than the header is none", async () => {
      const bed = bedOf();
      const token = pod("pricing")(bed.issuers);
      const elsewhere: Record<string, string>[] = [
        { "x-forwarded-access-token": token },
        { "x-auth-request-access-token": token },
        { "x-forwarded-user": "pricing", "x-auth-request-user": "admin" },
        { cookie: `authorization=Bearer ${token}` },
      ];
      for (const headers of elsewhere) {
        const { status } = await searched(bed, { workspace: "pricing", headers });
        assert.equal(status, 401);
      }
      const query = { access_token: token };
      const path = "/api/2.0/mlflow/experiments/search";
      const answer = await bed.call({ workspace: "pricing" }, { method: "GET", path, query });
      assert.equal(answer.status, 401);
    });

    it("of the metrics reads them, and nothing else", async () => {
      const bed = bedOf();
      const caller = { token: () => bed.metricsToken, workspace: "pricing" };
      const asked = async (path: string, method = "GET") =>
        (await bed.call(caller, { method, path })).status;
      const { text } = await bed.call(caller, { method: "GET", path: "/metrics" });
      assert.match(text, /^mlflow_http_request_total\{/m);
      assert.equal(await asked("/"), 401);
      assert.equal(await asked("/api/2.0/mlflow/users/list"), 401);
      assert.equal(await asked("/api/2.0/mlflow/experiments/search?max_results=1"), 401);
      for (const path of ["/metrics/", "/metrics/..", "/x/../metrics", "/METRICS"]) {
        const answer = await bed.call(caller, { method: "GET", path });
        assert.ok([401, 404].includes(answer.status), `${path}: ${answer.status}`);
        assert.doesNotMatch(answer.text, /mlflow_http/);
      }
      assert.ok([401, 405].includes(await asked("/metrics", "POST")));
      const wrong = { token: () => `${bed.metricsToken}0` };
      assert.equal((await bed.call(wrong, { method: "GET", path: "/metrics" })).status, 401);
    });

    it("of an unknown key makes the server ask the issuer seldom, however many come", async () => {
      const bed = bedOf();
      const { cluster } = bed.issuers;
      const before = cluster.asked;
      const start = Date.now();
      for (let sent = 0; sent < 400; sent += callsAtOnce) {
        const answers = await atOnce(bed, forged({}, { kid: `flood-${sent}` }));
        assert.ok(answers.every(({ status }) => status === 401));
      }
      // Two processes, each at most once in ten seconds.
      const allowed = 2 * (1 + Math.ceil((Date.now() - start) / 10_000));
      const asked = cluster.asked - before;
      assert.ok(asked <= allowed, `asked ${asked} times, ${allowed} are allowed`);
    });

    it("goes on while its issuer is down, and one by a new key is refused until it is up", async () => {
      const bed = bedOf();
      const { cluster } = bed.issuers;
      const old = pod("pricing")(bed.issuers);
      assert.deepEqual(await statuses(bed, () => old), [200]);
      cluster.isUp = false;
      cluster.rotate({ isPublished: true });
      const fresh = pod("pricing")(bed.issuers);
      assert.deepEqual(await statuses(bed, () => fresh), [401]);
      assert.deepEqual(await statuses(bed, () => old), [200]);
      cluster.isUp = true;
      await until(async () => (await statuses(bed, () => fresh)).join() === "200");
      // The key that was taken from the issuer's page goes with the next look at it.
      await until(async () => (await statuses(bed, () => old)).join() === "401");
    });

    it("of a group that the table has no more is refused, by the server's next start", async () => {
      const bed = bedOf();
      const { cluster } = bed.issuers;
      const token = person("pricing-viewers", "churn-viewers")(bed.issuers);
      assert.match((await searched(bed, () => token)).text, /pricing-models/);
      bed.people.projects["pricing"]!.viewers = [];
      cluster.isUp = false;
      await bed.restart();
      assert.doesNotMatch((await searched(bed, () => token)).text, /pricing/);
    });

    it("can't be checked where the issuer gave no keys yet: the answer says to come again", async () => {
      const bed = bedOf();
      const { status, text } = await searched(bed, pod("pricing"));
      assert.equal(status, 503, text);
      assert.match(text, /can't be checked: .* gave no keys yet/);
      bed.issuers.cluster.isUp = true;
      await until(async () => (await statuses(bed, pod("pricing"))).join() === "200");
    });
  });
}

function swapped({ cluster }: TokenIssuers): string {
  const [header, , signature] = cluster.token(podClaims("churn", "training")).split(".");
  const [, payload] = cluster.token(training).split(".");
  return [header, payload, signature].join(".");
}

function byOtherKey({ cluster, people }: TokenIssuers): string {
  return cluster.token({ ...personClaims("ada", groups), iss: people.name });
}

function ofPerson(held: unknown) {
  return ({ people }: TokenIssuers) => people.token(personClaims("ada", held));
}

/** Microsoft Entra leaves more than two hundred groups out and says where they can be asked for. */
function ofOverage({ people }: TokenIssuers): string {
  const elsewhere = { endpoint: "https://graph.microsoft.com/v1.0/users/1/getMemberObjects" };
  return people.token({
    ...personClaims("ada", undefined),
    _claim_names: { groups: "src1" },
    _claim_sources: { src1: elsewhere },
  });
}

function ofOtherAudience({ people }: TokenIssuers): string {
  return people.token({ ...personClaims("ada", groups), aud: "models" });
}

type TokenOf = NonNullable<Caller["token"]>;

function searched(bed: TrackingBed, caller: Caller | TokenOf): Promise<Answer> {
  const path = "/api/2.0/mlflow/experiments/search";
  const query = { max_results: "100" };
  const by = typeof caller === "function" ? { token: caller, workspace: "pricing" } : caller;
  return bed.call(by, { method: "GET", path, query });
}

function atOnce(bed: TrackingBed, token: TokenOf): Promise<Answer[]> {
  return Promise.all(Array.from({ length: callsAtOnce }, () => searched(bed, token)));
}

async function statuses(bed: TrackingBed, token: TokenOf): Promise<number[]> {
  return [...new Set((await atOnce(bed, token)).map(({ status }) => status))];
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + askedAgainMs;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, `not within ${askedAgainMs / 1000} s`);
    await sleep(1000);
  }
}
