import assert from "node:assert/strict";
import { resolve } from "node:path";
import { gatewayPods } from "@mlplatform/contracts/platformLabels";
import { modelHost } from "@mlplatform/contracts/modelHosts";
import { type JWTPayload, type JSONWebKeySet, SignJWT, UnsecuredJWT } from "jose";
import { previewStack } from "../../preview/engine/previewStack";
import type { KubeObject } from "../cluster/kubeApi";
import { deployable } from "../preview/deployable";
import { GatewayStandIn, type GatewayRequest, type Verdict, WhichToken } from "./gatewayStandIn";
import { TestIssuer } from "./issuer";

const root = resolve(__dirname, "../..");
const domain = "models.ml.northwind.dev";
const issuerName = "https://login.northwind.dev/v2.0";
const group = (digit: number) => `5b0f6c1e-2d47-4c3a-9b58-7e1a4f0d62${digit}a`;
const groups = {
  platform: group(0),
  churnViewers: group(1),
  churnMembers: group(2),
  churnApprovers: group(3),
  churnAdministrators: group(4),
  pricingMembers: group(5),
  strangers: group(9),
};

/** The table that prod is previewed with: three projects of which two have names that nest. */
const access = {
  administrators: [groups.platform],
  oidc: {
    issuer: issuerName,
    jwksUri: "https://login.northwind.dev/keys",
    audiences: ["mlplatform"],
    modelAudiences: ["models"],
    callersClaim: "roles",
  },
};
const quotas = { cpuQuota: 8, memoryQuotaGiB: 32 };
const projects = [
  {
    name: "churn",
    owner: "growth",
    ...quotas,
    access: {
      viewers: [groups.churnViewers],
      members: [groups.churnMembers],
      approvers: [groups.churnApprovers],
      administrators: [groups.churnAdministrators],
      callers: ["churn.call"],
    },
  },
  {
    name: "pricing",
    owner: "revenue",
    ...quotas,
    access: { members: [groups.pricingMembers], callers: ["pricing.call"] },
  },
  { name: "eu-churn", owner: "growth", ...quotas, access: { callers: ["eu-churn.call"] } },
];
const names = projects.map(({ name }) => name);

/** Who they are by their tokens' claims, and whose models they may call. */
const identities: Record<string, { claims?: JWTPayload; calls: string[] }> = {
  nobody: { calls: [] },
  "a caller of churn": { claims: { roles: ["churn.call"] }, calls: ["churn"] },
  "a caller of pricing": { claims: { roles: ["pricing.call"] }, calls: ["pricing"] },
  "a caller of eu-churn": { claims: { roles: ["eu-churn.call"] }, calls: ["eu-churn"] },
  "a caller of two": {
    claims: { roles: ["x", "churn.call", "pricing.call"] },
    calls: ["churn", "pricing"],
  },
  "a viewer of churn": { claims: { groups: [groups.churnViewers] }, calls: [] },
  "a member of churn": { claims: { groups: [groups.churnMembers] }, calls: ["churn"] },
  "an approver of churn": { claims: { groups: [groups.churnApprovers] }, calls: [] },
  "an administrator of churn": {
    claims: { groups: [groups.strangers, groups.churnAdministrators] },
    calls: ["churn"],
  },
  "a member of pricing": { claims: { groups: [groups.pricingMembers] }, calls: ["pricing"] },
  "an administrator of the platform": { claims: { groups: [groups.platform] }, calls: names },
  "someone of the directory": { claims: { groups: [groups.strangers] }, calls: [] },
  "one who calls himself by a role among groups": {
    claims: { groups: ["churn.call"], roles: [groups.churnMembers] },
    calls: [],
  },
};

interface Call extends GatewayRequest {
  /** Project whose models it reaches, or everyone's right, or nobody's. */
  reaches: string | "everyone" | "nobody";
}

const local = 8081;

/** Every way to name a project's model, on the public gateway and on the cluster's own. */
function callsOf(project: string): Record<string, Call> {
  const host = modelHost("m", project, domain);
  const service = `m-predictor.${project}.svc`;
  const of = (more: GatewayRequest): Call => ({ ...more, reaches: project });
  return {
    "by its host": of({ host, port: 443 }),
    "by its host in capitals": of({ host: host.toUpperCase(), port: 443 }),
    "by its host with the port": of({ host: `${host}:443`, port: 443 }),
    "without TLS": of({ host: `${host}:80`, port: 80 }),
    "by Knative's host": of({ host: modelHost("m-predictor", project, domain), port: 443 }),
    "by a canary's host": of({ host: modelHost("prev-m-predictor", project, domain), port: 443 }),
    "by its host at the cluster's gateway": of({ host, port: local }),
    "from the cluster": of({ host: `${service}.cluster.local`, port: local }),
    "from the cluster with the port": of({ host: `${service}.cluster.local:80`, port: local }),
    "from the cluster by a short name": of({ host: service, port: local }),
    "by the cluster's name from outside": of({ host: `${service}.cluster.local`, port: 443 }),
  };
}

const churn = modelHost("m", "churn", domain);
const nobodys = (more: GatewayRequest): Call => ({ ...more, reaches: "nobody" });
const probe: [string, string][] = [["K-Network-Probe", "probe"]];
const calls: Record<string, Call> = {
  ...Object.fromEntries(
    names.flatMap((name) =>
      Object.entries(callsOf(name)).map(([way, call]) => [`${name} ${way}`, call]),
    ),
  ),
  "a host with another port": nobodys({ host: `${churn}:8443`, port: 443 }),
  "a host with a dot at its end": nobodys({ host: `${churn}.`, port: 443 }),
  "a host with one hyphen": nobodys({ host: `m-churn.${domain}`, port: 443 }),
  "a host of two names": nobodys({ host: `${churn},${churn}:1`, port: 443 }),
  "a host that only begins so": nobodys({ host: `${churn}.evil.example`, port: 443 }),
  "a host nobody knows": nobodys({ host: `m--other.${domain}`, port: 443 }),
  "the bare domain": nobodys({ host: domain, port: 443 }),
  "the gateway's address": nobodys({ host: "10.0.0.4", port: 443 }),
  "no host": nobodys({ host: "", port: 443 }),
  "a name without svc": nobodys({ host: "m-predictor.churn", port: local }),
  "another host that says it is forwarded": nobodys({
    host: "evil.example",
    port: 443,
    headers: [["X-Forwarded-Host", churn]],
  }),
  "a platform's page": nobodys({ host: "grafana.ml.northwind.dev", port: 443 }),
  "a probe of Knative": {
    host: churn,
    port: 443,
    method: "GET",
    path: "/healthz",
    headers: probe,
    reaches: "everyone",
  },
  "a probe of the cluster's gateway": {
    host: "m-predictor.churn.svc.cluster.local",
    port: local,
    method: "GET",
    path: "/healthz",
    headers: probe,
    reaches: "everyone",
  },
  "a model's own health": {
    host: churn,
    port: 443,
    method: "GET",
    path: "/healthz",
    reaches: "churn",
  },
  "a prediction that says it is a probe": {
    host: churn,
    port: 443,
    headers: probe,
    reaches: "churn",
  },
  "a prediction by the way of health": {
    host: churn,
    port: 443,
    method: "GET",
    path: "/healthz/../v1/models/m",
    headers: probe,
    reaches: "churn",
  },
};

async function securityObjects(): Promise<KubeObject[]> {
  const { result } = await previewStack({
    projectDir: root,
    stack: "prod",
    mode: "up",
    config: deployable("prod", { access, projects, domain: "ml.northwind.dev" }),
  });
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  assert.deepEqual(errors, []);
  return result.resources
    .map(({ inputs }) => inputs as unknown as KubeObject)
    .filter(({ apiVersion }) => `${apiVersion}`.startsWith("security.istio.io/"));
}

const bearer = (token: string): [string, string] => ["Authorization", `Bearer ${token}`];

describe("calls of models", function () {
  this.timeout(180_000);
  const issuer = new TestIssuer(issuerName);
  let objects: KubeObject[];
  let tokens: Record<string, string>;

  before(async () => {
    await issuer.start();
    objects = await securityObjects();
    tokens = Object.fromEntries(
      await Promise.all(
        Object.entries(identities).flatMap(([name, { claims }]) =>
          claims ? [issuer.token(claims).then((token): [string, string] => [name, token])] : [],
        ),
      ),
    );
  });
  after(() => issuer.stop());

  const fetchKeys = async (uri: string): Promise<JSONWebKeySet> => {
    assert.equal(uri, access.oidc.jwksUri);
    return (await fetch(issuer.url)).json() as Promise<JSONWebKeySet>;
  };

  async function gatewayOf(policies: KubeObject[]): Promise<GatewayStandIn> {
    const gateway = new GatewayStandIn(policies, gatewayPods, fetchKeys);
    assert.ok(await gateway.refreshKeys());
    return gateway;
  }

  /** Cells that come out otherwise than the table of identities says, and how many there are. */
  async function cellsOf(policies: KubeObject[]) {
    const gateway = await gatewayOf(policies);
    const wrong: string[] = [];
    let cells = 0;
    for (const [who, { calls: own }] of Object.entries(identities)) {
      for (const [what, { reaches, ...call }] of Object.entries(calls)) {
        const token = tokens[who];
        const headers = [...(call.headers ?? []), ...(token ? [bearer(token)] : [])];
        const verdict = await gateway.judge({ ...call, headers });
        const may = reaches === "everyone" || own.includes(reaches);
        if ((verdict === 200) !== may) {
          wrong.push(`${who}: ${what}: ${verdict}`);
        }
        cells++;
      }
    }
    return { cells, wrong };
  }

  it("are let through by the table alone: who, where, on both gateways", async () => {
    const { cells, wrong } = await cellsOf(objects);
    assert.deepEqual(wrong, []);
    assert.ok(Object.keys(identities).length >= 12 && Object.keys(calls).length >= 40);
    assert.ok(cells >= 480);
    console.log(`      ${cells} calls, none judged otherwise than the table says`);
  });

  it("go through the gateway twice with one token: by the host, then by the cluster's name", async () => {
    const gateway = await gatewayOf(objects);
    for (const [who, { calls: own }] of Object.entries(identities)) {
      for (const project of names) {
        const headers = tokens[who] ? [bearer(tokens[who])] : [];
        const outside = { host: modelHost("m", project, domain), port: 443, headers };
        const within = { host: `m-predictor.${project}.svc.cluster.local`, port: local, headers };
        const verdicts = [await gateway.judge(outside), await gateway.judge(within)];
        const expected = own.includes(project) ? 200 : 403;
        assert.deepEqual(verdicts, [expected, expected], `${who}: ${project}`);
      }
    }
  });

  describe("would be judged wrong", () => {
    const changed = (change: (policies: KubeObject[]) => KubeObject[]) =>
      cellsOf(change(structuredClone(objects)));
    const projectPolicies = (policies: KubeObject[]) =>
      policies.filter(({ metadata }) => metadata.name!.startsWith("models-"));

    it("by a policy that asks for any token, as there was one before", async () => {
      const before = {
        apiVersion: "security.istio.io/v1",
        kind: "AuthorizationPolicy",
        metadata: { name: "require-model-token", namespace: "istio-system" },
        spec: {
          selector: { matchLabels: { istio: "ingressgateway" } },
          action: "DENY",
          rules: [
            {
              from: [{ source: { notRequestPrincipals: ["*"] } }],
              to: [{ operation: { notPaths: ["/healthz"], notPorts: ["8081"] } }],
            },
          ],
        },
      };
      const { wrong } = await changed((policies) => [
        ...policies.filter(({ kind }) => kind === "RequestAuthentication"),
        before,
      ]);
      assert.ok(wrong.includes("a caller of pricing: churn by its host: 200"));
      assert.ok(wrong.includes("nobody: churn from the cluster: 200"));
      assert.ok(wrong.includes("someone of the directory: a host nobody knows: 200"));
    });

    it("without the claim or the host in a project's policy", async () => {
      for (const part of ["when", "to"]) {
        const { wrong } = await changed((policies) => {
          for (const { spec } of projectPolicies(policies)) {
            for (const rule of spec.rules) {
              delete rule[part];
            }
          }
          return policies;
        });
        assert.ok(wrong.length > 0, part);
      }
    });

    it("without the policy of probes, where no project has one", async () => {
      const { wrong } = await changed((policies) =>
        policies.filter(({ kind }) => kind === "RequestAuthentication"),
      );
      assert.ok(wrong.length > 100);
    });

    it("with hosts that leave out the port, or the double hyphen", async () => {
      for (const [from, to] of [
        [/:443$/, ":444"],
        [/^\*--/, "*-"],
      ] as const) {
        const { wrong } = await changed((policies) => {
          for (const { spec } of projectPolicies(policies)) {
            for (const { to: operations } of spec.rules) {
              const { operation } = operations[0];
              operation.hosts = operation.hosts.map((host: string) => host.replace(from, to));
            }
          }
          return policies;
        });
        assert.ok(wrong.length > 0, `${from}`);
      }
    });
  });

  describe("with a fault", () => {
    const claims = { roles: ["churn.call"] };
    const now = () => Math.floor(Date.now() / 1000);
    const [header, other] = [
      bearer,
      (name: string, value: string): [string, string] => [name, value],
    ];

    /** [what, request headers or path, verdict] */
    const faults: [what: string, make: () => Promise<Partial<GatewayRequest>>, Verdict][] = [
      ["a good token", async () => ({ headers: [header(await issuer.token(claims))] }), 200],
      ["no token", async () => ({}), 403],
      [
        "an expired one",
        async () => ({ headers: [header(await issuer.token({ ...claims, exp: now() - 120 }))] }),
        401,
      ],
      [
        "one that expired within the skew of clocks",
        async () => ({ headers: [header(await issuer.token({ ...claims, exp: now() - 20 }))] }),
        200,
      ],
      [
        "one of the future",
        async () => ({ headers: [header(await issuer.token({ ...claims, nbf: now() + 300 }))] }),
        401,
      ],
      [
        "one of another issuer",
        async () => ({
          headers: [header(await issuer.token({ ...claims, iss: `${issuerName}/evil` }))],
        }),
        401,
      ],
      [
        "one for another audience",
        async () => ({ headers: [header(await issuer.token({ ...claims, aud: "mlplatform" }))] }),
        401,
      ],
      [
        "one for several audiences",
        async () => ({
          headers: [header(await issuer.token({ ...claims, aud: ["mlflow", "models"] }))],
        }),
        200,
      ],
      [
        "one without a subject",
        async () => ({ headers: [header(await issuer.token({ ...claims, sub: undefined }))] }),
        403,
      ],
      ["an unsigned one", async () => ({ headers: [header(unsigned(claims))] }), 401],
      [
        "one signed with the public key as a password",
        async () => {
          const secret = new TextEncoder().encode(await issuer.publicPem());
          const token = await new SignJWT({ ...claims, iss: issuerName, aud: "models", sub: "x" })
            .setProtectedHeader({ alg: "HS256", kid: "key-1" })
            .setExpirationTime("10m")
            .sign(secret);
          return { headers: [header(token)] };
        },
        401,
      ],
      [
        "one by a key that nobody knows",
        async () => ({ headers: [header(await issuer.token(claims, { kid: "other" }))] }),
        401,
      ],
      [
        "one that says where its key is",
        async () => {
          const stranger = new TestIssuer(issuerName);
          await stranger.rotate();
          const token = await stranger.token(claims, { jku: issuer.url });
          return { headers: [header(token)] };
        },
        401,
      ],
      [
        "one that was changed",
        async () => {
          const [head, , signature] = (await issuer.token({ roles: [] })).split(".");
          const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
          return { headers: [header(`${head}.${body}.${signature}`)] };
        },
        401,
      ],
      ["what is no token", async () => ({ headers: [header("hello")] }), 401],
      [
        "more than 200 groups, which Entra leaves out",
        async () => ({
          headers: [
            header(
              await issuer.token({
                _claim_names: { groups: "src1" },
                _claim_sources: { src1: { endpoint: "https://graph.example/getMemberObjects" } },
              }),
            ),
          ],
        }),
        403,
      ],
      [
        "a role as a text",
        async () => ({ headers: [header(await issuer.token({ roles: "churn.call" }))] }),
        200,
      ],
      [
        "a role in other case",
        async () => ({ headers: [header(await issuer.token({ roles: ["Churn.call"] }))] }),
        403,
      ],
      [
        "a star for a role",
        async () => ({ headers: [header(await issuer.token({ roles: ["*", "churn.*"] }))] }),
        403,
      ],
      [
        "roles in a text",
        async () => ({ headers: [header(await issuer.token({ roles: "x churn.call" }))] }),
        403,
      ],
      [
        "roles within a role",
        async () => ({
          headers: [header(await issuer.token({ roles: { call: ["churn.call"] } }))],
        }),
        403,
      ],
      [
        "its token in the address",
        async () => ({ path: `/v1/models/m:predict?access_token=${await issuer.token(claims)}` }),
        403,
      ],
      [
        "its token in a cookie",
        async () => ({ headers: [other("Cookie", `token=${await issuer.token(claims)}`)] }),
        403,
      ],
      [
        "a password",
        async () => ({ headers: [other("Authorization", "Basic Y2h1cm46Y2h1cm4=")] }),
        403,
      ],
      [
        "a forged identity beside no token",
        async () => ({ headers: [other("X-Auth-Groups", "churn.call")] }),
        403,
      ],
      [
        "two tokens of which one is none",
        async () => ({ headers: [header("a.b.c"), header(await issuer.token(claims))] }),
        401,
      ],
    ];
    for (const [what, make, verdict] of faults) {
      it(`${what}: ${verdict}`, async () => {
        const gateway = await gatewayOf(objects);
        const request = { host: churn, port: 443, ...(await make()) };
        assert.equal(await gateway.judge(request), verdict);
      });
    }

    it("two good tokens reach no more than one of them", async () => {
      const gateway = await gatewayOf(objects);
      const both = [
        header(await issuer.token({ roles: ["pricing.call"] })),
        header(await issuer.token({ roles: ["eu-churn.call"] })),
      ];
      for (const which of [WhichToken.First, WhichToken.Last]) {
        const reached: string[] = [];
        for (const project of names) {
          const host = modelHost("m", project, domain);
          if ((await gateway.judge({ host, port: 443, headers: both }, which)) === 200) {
            reached.push(project);
          }
        }
        assert.deepEqual(reached, [which === WhichToken.First ? "pricing" : "eu-churn"]);
      }
    });

    it("a flood of unknown keys asks the issuer nothing", async () => {
      const gateway = await gatewayOf(objects);
      const before = issuer.asked;
      for (let i = 0; i < 200; i++) {
        const token = await issuer.token(claims, { kid: `flood-${i}` });
        const request = { host: churn, port: 443, headers: [header(token)] };
        assert.equal(await gateway.judge(request), 401);
      }
      assert.equal(issuer.asked, before);
    });

    it("a new key counts once the control plane has asked for it, an old one no more", async () => {
      const rotating = new TestIssuer(issuerName);
      await rotating.start();
      try {
        const keys = async () => (await fetch(rotating.url)).json() as Promise<JSONWebKeySet>;
        const gateway = new GatewayStandIn(objects, gatewayPods, keys);
        assert.ok(await gateway.refreshKeys());
        const verdictOf = (token: string) =>
          gateway.judge({ host: churn, port: 443, headers: [header(token)] });
        const old = await rotating.token(claims);
        await rotating.rotate();
        const fresh = await rotating.token(claims);
        assert.deepEqual([await verdictOf(old), await verdictOf(fresh)], [200, 401]);
        await gateway.refreshKeys();
        assert.deepEqual([await verdictOf(old), await verdictOf(fresh)], [200, 200]);
        rotating.retire();
        await gateway.refreshKeys();
        assert.deepEqual([await verdictOf(old), await verdictOf(fresh)], [401, 200]);
      } finally {
        await rotating.stop();
      }
    });

    it("an issuer that is down leaves the keys that are known, and a new gateway none", async () => {
      const failing = new TestIssuer(issuerName);
      await failing.start();
      const uri = failing.url;
      const keys = async () => (await fetch(uri)).json() as Promise<JSONWebKeySet>;
      const running = new GatewayStandIn(objects, gatewayPods, keys);
      assert.ok(await running.refreshKeys());
      const headers = [header(await failing.token(claims))];
      await failing.stop();
      const started = new GatewayStandIn(objects, gatewayPods, keys);
      assert.deepEqual([await running.refreshKeys(), await started.refreshKeys()], [false, false]);
      const request = { host: churn, port: 443, headers };
      assert.equal(await running.judge(request), 200);
      assert.equal(await started.judge(request), 401);
    });
  });
});

function unsigned(claims: JWTPayload): string {
  return new UnsecuredJWT({ ...claims, iss: issuerName, aud: "models", sub: "x" })
    .setExpirationTime("10m")
    .encode();
}
