import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../charts/chartArchive";
import type { ChartReference } from "../../components/connections";
import { archive, ChartServer, type Fault, send, sha256 } from "./chartServer";

describe("digest of a chart's archive", () => {
  const server = new ChartServer();
  const oci = (name: string, version: string): ChartReference => ({
    chart: `oci://${server.host}/acme/charts/${name}`,
    version,
  });
  const classic = (name: string, version: string): ChartReference => ({
    chart: name,
    repository: `http://${server.host}/charts`,
    version,
  });

  before(() => server.start());
  after(() => server.stop());
  beforeEach(() => {
    server.fault = () => false;
    server.requests.length = 0;
    server.index = [
      ["alloy", "1.11.1"],
      ["loki", "18.10.0"],
      ["loki", "18.11.0"],
      ["loki-canary", "18.11.0"],
      ["tempo", "2.2.4"],
    ];
  });

  it("comes from a registry that hands a token to everyone", async () => {
    const digest = await digestOf(oci("kueue", "0.19.2"), ".");
    assert.equal(digest, sha256(archive("kueue", "0.19.2")));
    assert.deepEqual(server.requests, [
      "GET /v2/acme/charts/kueue/manifests/0.19.2",
      "GET /token?service=charts&scope=repository%3Aacme%2Fcharts%2Fkueue%3Apull",
      "GET /v2/acme/charts/kueue/manifests/0.19.2",
      `GET /v2/acme/charts/kueue/blobs/${digest}`,
    ]);
  });

  it("comes from a registry under a version that no tag can be named", async () => {
    const digest = await digestOf(oci("kueue", "0.19.2+build.1"), ".");
    assert.equal(digest, sha256(archive("kueue", "0.19.2+build.1")));
    assert.match(server.requests[0]!, /manifests\/0\.19\.2_build\.1$/);
  });

  for (const [name, version] of [
    ["alloy", "1.11.1"],
    ["loki", "18.11.0"],
    ["tempo", "2.2.4"],
  ]) {
    it(`comes from a repository's index and archive: ${name}`, async () => {
      assert.equal(await digestOf(classic(name!, version!), "."), sha256(archive(name!, version!)));
    });
  }

  it("comes from an index that is not written as Helm does", async () => {
    const digest = sha256(archive("loki", "1.0.0"));
    const urls = [`http://${server.host}/elsewhere/loki-1.0.0.tgz`];
    server.fault = replace(/index/, 200, () =>
      JSON.stringify({ entries: { loki: [{ version: "1.0.0", digest, urls }] } }),
    );
    assert.equal(await digestOf(classic("loki", "1.0.0"), "."), digest);
  });

  it("comes from a folder of archives", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mlplatform-charts-"));
    try {
      await writeFile(join(folder, "kueue-0.19.2.tgz"), "bytes");
      const kueue = { chart: "./kueue-0.19.2.tgz", version: "0.19.2" };
      assert.equal(await digestOf(kueue, folder), sha256("bytes"));
      await assert.rejects(digestOf({ chart: "loki-1.tgz", version: "1" }, folder), {
        message: `${join(folder, "loki-1.tgz")} cannot be read (ENOENT)`,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  const other = sha256("other");
  const loki = "acme/charts/loki";
  const index = "the index of http://HOST/charts/";
  const faults: [
    name: string,
    reference: () => ChartReference,
    fault: Fault,
    message: string | RegExp,
  ][] = [
    [
      "a version that the registry does not have",
      () => oci("loki", "1.0.0"),
      afterToken(404, "{}"),
      `HOST/${loki} has no version 1.0.0`,
    ],
    [
      "a registry that is out of order",
      () => oci("loki", "1.0.0"),
      afterToken(503, "later"),
      `HOST answers 503 for the manifest at /v2/${loki}/manifests/1.0.0`,
    ],
    [
      "a registry that wants a password",
      () => oci("loki", "1.0.0"),
      (_, response) => {
        response.setHeader("www-authenticate", 'Basic realm="private"');
        send(response, 401, "{}");
        return true;
      },
      "HOST asks for an account, and none can be given",
    ],
    [
      "a registry that hands no token to strangers",
      () => oci("loki", "1.0.0"),
      replace(/token/, 403, () => "{}"),
      "HOST asks for an account, and none can be given",
    ],
    [
      "an image that is no chart",
      () => oci("loki", "1.0.0"),
      afterToken(200, '{"layers":[{"mediaType":"application/tar","digest":"x"}]}'),
      /^HOST\/acme\/charts\/loki:1\.0\.0 is not a Helm chart: no layer application\/vnd\.cncf/,
    ],
    [
      "a manifest of a proxy",
      () => oci("loki", "1.0.0"),
      afterToken(200, "<html>log in</html>"),
      "HOST sent a manifest that is not JSON",
    ],
    [
      "a manifest that was altered",
      () => oci("loki", "1.0.0"),
      (request, response) => {
        response.setHeader("docker-content-digest", other);
        return afterToken(200, "{}")(request, response);
      },
      `HOST sends a manifest of ${sha256("{}")} and says ${other}`,
    ],
    [
      "an archive that was altered in the registry",
      () => oci("loki", "1.0.0"),
      replace(/blobs/, 200, () => "other"),
      `the archive is ${other}, its place says ${sha256(archive("loki", "1.0.0"))}`,
    ],
    [
      "an archive that was altered in the repository",
      () => classic("loki", "18.11.0"),
      replace(/tgz/, 200, () => "other"),
      `the archive is ${other}, its place says ${sha256(archive("loki", "18.11.0"))}`,
    ],
    [
      "an archive that breaks off",
      () => classic("loki", "18.11.0"),
      (request, response) => {
        if (!/tgz/.test(request.url!)) {
          return false;
        }
        response.writeHead(200, { "content-length": "100" }).write("half");
        setTimeout(() => response.destroy(), 50);
        return true;
      },
      /^HOST breaks off while it sends the archive \(\S+/,
    ],
    [
      "a repository without an index",
      () => classic("loki", "18.11.0"),
      replace(/index/, 404, () => "no"),
      "HOST answers 404 for the index at /charts/index.yaml",
    ],
    [
      "a chart that the index does not have",
      () => classic("mimir", "1.0.0"),
      () => false,
      `${index} has no chart mimir`,
    ],
    [
      "a version that the index does not have",
      () => classic("loki", "1.0.0"),
      () => false,
      `${index} has no loki 1.0.0`,
    ],
    [
      "an index without addresses",
      () => classic("loki", "1.0.0"),
      replace(/index/, 200, () => "entries:\n  loki:\n  - version: 1.0.0\n"),
      `${index} has no address of loki 1.0.0`,
    ],
    [
      "an index without digests",
      () => classic("loki", "1.0.0"),
      replace(
        /index/,
        200,
        () => "entries:\n  loki:\n  - version: 1.0.0\n    urls: [l-1.0.0.tgz]\n",
      ),
      "HOST gives no digest of loki 1.0.0",
    ],
    [
      "a registry that never answers",
      () => oci("loki", "1.0.0"),
      () => true,
      "HOST cannot be reached (no answer in 0.5 s)",
    ],
    [
      "a host where nothing listens",
      () => ({ chart: "oci://127.0.0.1:1/loki", version: "1.0.0" }),
      () => false,
      /^127\.0\.0\.1:1 cannot be reached \(.+\)$/,
    ],
  ];
  for (const [name, reference, fault, message] of faults) {
    it(`is refused for ${name}`, async () => {
      server.fault = fault;
      const timeoutMs = name.includes("never") ? 500 : undefined;
      await assert.rejects(digestOf(reference(), ".", { timeoutMs }), (error: Error) => {
        const said = error.message.replaceAll(server.host, "HOST");
        if (typeof message === "string") {
          assert.equal(said, message);
        } else {
          assert.match(said, message);
        }
        return true;
      });
    });
  }

  it("stops when it is told to", async () => {
    server.fault = () => true;
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("enough")), 50);
    await assert.rejects(digestOf(oci("loki", "1.0.0"), ".", { signal: abort.signal }), /enough/);
  });
});

/** Answers requests whose address matches. */
function replace(address: RegExp, status: number, body: () => string): Fault {
  return (request, response) => {
    if (!address.test(request.url!)) {
      return false;
    }
    send(response, status, body());
    return true;
  };
}

/** Answers every request that carries a token. */
function afterToken(status: number, body: string): Fault {
  return ({ headers }, response) => {
    if (headers.authorization === undefined) {
      return false;
    }
    send(response, status, body);
    return true;
  };
}
