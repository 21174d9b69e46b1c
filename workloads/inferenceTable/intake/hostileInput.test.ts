import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { promises as fs } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Lake, openLake } from "@mlplatform/lake/ask/lake";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import { listObjects, openObjectStore, type ObjectStore } from "@mlplatform/lake/store/objectStore";
import { type ChildService, startChildService } from "../../lake/testbed/childService";
import { startSeaweedfs, type TestStore } from "../../lake/testbed/objectStores";
import { eventHeaders, postBytes } from "../testbed/tableClient";

interface Row {
  id: string;
  namespace: string;
  problem: string | null;
  body: Buffer;
  sha256: string;
  protocol: string;
  model: string;
  time: Date | null;
  contentType: string;
}

// One service takes all of it, one after the other, and every row is looked at after its drain:
// what one input breaks must not be what the next one needs.
describe("inference table and hostile input", function () {
  this.timeout(120_000);
  let server: TestStore;
  let store: ObjectStore;
  let folder: string;
  let lake: Lake;
  let service: ChildService;
  let url: string;
  let rows: Map<string, Row>;
  const sent = new Map<string, Buffer>();

  async function send(
    id: string,
    body: Buffer | string,
    change: Record<string, string | string[]> = {},
  ) {
    const bytes = Buffer.from(body);
    sent.set(id, bytes);
    const headers = { ...eventHeaders({ id, type: "request" }), ...change };
    assert.equal(await postBytes(url, headers, bytes), 202, id);
  }

  /**
   * Writes to a socket by hand. Resolves with what came back when the other side or `until` ended
   * it.
   */
  function raw(text: string | Buffer, until = /^HTTP\/1.1 [2-5]\d\d/m): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk.toString("latin1");
        if (until.test(answer)) {
          socket.destroy();
        }
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(answer));
      socket.write(text);
    });
  }

  function rawHead(id: string, ...more: string[]): string {
    const headers = Object.entries(eventHeaders({ id, type: "request" })).map(
      ([name, value]) => `${name}: ${value}`,
    );
    return ["POST / HTTP/1.1", "Host: x", ...headers, ...more, "", ""].join("\r\n");
  }

  const wideRow = `{"instances":[[${"1.5,".repeat(999_999)}2]]}`;
  const v2Binary = Buffer.concat([
    Buffer.from(
      '{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]}',
    ),
    Buffer.from(new Float32Array([1.5, -2]).buffer),
  ]);
  const bodies: [id: string, body: Buffer | string, protocol?: string][] = [
    ["empty", ""],
    ["no-json", "{instances"],
    ["nan", '{"instances":[NaN,Infinity,-Infinity]}', "v1"],
    ["duplicate-keys", '{"instances":[1],"instances":[2]}', "v1"],
    ["beyond-2^53", '{"instances":[12345678901234567890]}', "v1"],
    ["deep", `{"instances":${"[".repeat(10_000)}${"]".repeat(10_000)}}`, "v1"],
    ["wide", wideRow, "v1"],
    ["v2-binary", v2Binary, "v2"],
    ["openai", '{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}', "openai"],
    ["sse", 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n', "openai"],
    ["image", `{"instances":[{"b64":"${Buffer.alloc(300_000, 7).toString("base64")}"}]}`, "v1"],
    ["not-utf8", Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    ["nul", "\u0000"],
    ["schema-drift-1", '{"instances":[{"a":1}]}', "v1"],
    ["schema-drift-2", '{"instances":[{"a":"one","b":2}]}', "v1"],
    ["gzip", gzipSync('{"instances":[1]}')],
  ];
  const attributes: [
    id: string,
    change: Record<string, string | string[]>,
    check: (row: Row) => void,
  ][] = [
    ["../../etc/passwd", {}, (row) => assert.equal(row.problem, null)],
    ["i".repeat(4096), {}, (row) => assert.equal(row.problem, null)],
    ["id\twith/quotes'\"", {}, (row) => assert.equal(row.problem, null)],
    [
      "path-namespace",
      { "ce-namespace": "../../artifacts" },
      (row) =>
        assert.deepEqual(
          [row.namespace, row.problem],
          ["_quarantine", 'ce-namespace is no name of a namespace: "../../artifacts"'],
        ),
    ],
    [
      "path-service",
      { "ce-inferenceservicename": "../x" },
      (row) => assert.equal(row.problem, null),
    ],
    [
      "time-1970",
      { "ce-time": "1970-01-01T00:00:00Z" },
      (row) => assert.equal(row.time!.getTime(), 0),
    ],
    [
      "time-2099",
      { "ce-time": "2099-12-31T23:59:59.999Z" },
      (row) => assert.equal(row.time!.getUTCFullYear(), 2099),
    ],
    ["time-absent", { "ce-time": "" }, (row) => assert.equal(row.time, null)],
    [
      "time-offset",
      { "ce-time": "2026-11-23T12:00:00+02:00" },
      (row) => assert.equal(row.time!.toISOString(), "2026-11-23T10:00:00.000Z"),
    ],
    ["time-leap", { "ce-time": "2016-12-31T23:59:60Z" }, (row) => assert.equal(row.time, null)],
    ["time-words", { "ce-time": "yesterday" }, (row) => assert.equal(row.time, null)],
    [
      "large-header",
      { "ce-metadata": JSON.stringify({ "X-Long": ["y".repeat(100_000)] }) },
      (row) => assert.equal(row.problem, null),
    ],
    [
      "annotation-comma",
      {
        "ce-annotations":
          '{"mlplatform.dev/model-version":["7","8"],"mlplatform.dev/model-name":"a,b"}',
      },
      (row) => assert.equal(row.model, "a,b 7"),
    ],
    [
      "annotation-broken",
      { "ce-annotations": '{"mlplatform.dev/model-ver' },
      (row) => assert.equal(row.model, "unknown unknown"),
    ],
    [
      "annotation-list",
      { "ce-annotations": "[1]" },
      (row) => assert.equal(row.model, "unknown unknown"),
    ],
    ["no-content-type", { "content-type": "" }, (row) => assert.equal(row.contentType, "")],
    [
      "wrong-content-type",
      { "content-type": "image/png" },
      (row) => assert.equal(row.contentType, "image/png"),
    ],
    ["gr\u00fc\u00df", {}, (row) => assert.equal(row.problem, null)],
    [
      "spec-0.3",
      { "ce-specversion": "0.3" },
      (row) => assert.match(row.problem!, /must be 1.0, got "0.3"/),
    ],
    [
      "spec-2.0",
      { "ce-specversion": "2.0" },
      (row) => assert.match(row.problem!, /must be 1.0, got "2.0"/),
    ],
    ["type-unknown", { "ce-type": "other" }, (row) => assert.equal(row.namespace, "_quarantine")],
    ["source-missing", { "ce-source": "" }, (row) => assert.equal(row.namespace, "_quarantine")],
    [
      "namespace-long",
      { "ce-namespace": "n".repeat(300) },
      (row) => assert.equal(row.namespace, "_quarantine"),
    ],
    [
      "twice-the-header",
      { "ce-component": ["predictor", "other"] },
      (row) => assert.equal(row.problem, null),
    ],
  ];

  before(async () => {
    server = await startSeaweedfs();
    store = openObjectStore(server.options);
    folder = await fs.mkdtemp(join(tmpdir(), "mlplatform-hostile-"));
    const cache = await openObjectCache({ store, directory: join(folder, "cache") });
    lake = openLake({ store, cache });
    service = startChildService("inferenceTable", {
      ...server.environment,
      MLP_STATE_DIR: join(folder, "state"),
      MLP_PORT: "0",
    });
    url = await service.waitFor(/listening on (http:[^"]+)/);
    for (const [id, body] of bodies) {
      await send(id, body);
    }
    for (const [id, change] of attributes) {
      // Node's client takes Latin-1 only: the bytes of a UTF-8 header are given one by one.
      const header = Buffer.from(id).toString("latin1");
      sent.set(id, Buffer.from("x"));
      const headers = { ...eventHeaders({ id: header, type: "request" }), ...change };
      assert.equal(await postBytes(url, headers, Buffer.from("x")), 202, id);
    }
  });
  after(async () => {
    await service?.end("SIGKILL");
    store.close();
    await server.stop();
    await fs.rm(folder, { recursive: true, force: true });
  });

  it("takes a body in chunks, with Expect: 100-continue, and byte by byte", async () => {
    sent.set("chunked", Buffer.from("abcdef"));
    assert.match(
      await raw(
        `${rawHead("chunked", "Transfer-Encoding: chunked")}3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`,
      ),
      /^HTTP\/1.1 202/,
    );
    sent.set("expect", Buffer.from("abc"));
    assert.match(
      await raw(
        `${rawHead("expect", "Content-Length: 3", "Expect: 100-continue")}abc`,
        /HTTP\/1.1 202/,
      ),
      /100 Continue[^]*HTTP\/1.1 202/,
    );
  });

  it("keeps nothing of a body that breaks off, and counts it", async () => {
    const broken = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(/events_refused_total\{reason="aborted"\} (\d+)/.exec(text)?.[1] ?? 0);
    };
    const before = await broken();
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(`${rawHead("short", "Content-Length: 1000")}abc`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
    for (let attempt = 0; attempt < 100 && (await broken()) === before; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(await broken(), before + 1);
  });

  it("answers others while some connections send nothing", async () => {
    const idle = Array.from({ length: 200 }, () => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nCe-Id: slow");
      return socket;
    });
    await send("beside-slow", "{}");
    idle.forEach((socket) => socket.destroy());
  });

  it("refuses what is no event, and a header that smuggles another", async () => {
    assert.match(
      await raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"),
      /^HTTP\/1.1 400/,
    );
    assert.match(
      await raw("POST / HTTP/1.1\r\nHost: x\r\nCe-Id: a\u0000b\r\nContent-Length: 0\r\n\r\n"),
      /^HTTP\/1.1 400/,
    );
    assert.match(
      await raw(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: " +
          "chunked\r\n\r\n0\r\n\r\n",
      ),
      /^HTTP\/1.1 400/,
    );
    assert.match(
      await raw(
        rawHead("too-long-header", `Ce-Metadata: ${"x".repeat(300 << 10)}`, "Content-Length: 0"),
      ),
      /^HTTP\/1.1 431/,
    );
    assert.match(await raw("GARBAGE\r\n\r\n"), /^HTTP\/1.1 400/);
    assert.equal(
      await postBytes(`${url}/other`, eventHeaders({ id: "x", type: "request" }), Buffer.from("x")),
      404,
    );
    assert.match(
      await raw("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
      /^HTTP\/1.1 405/,
    );
  });

  const structured = (id: string, change: object = {}) => ({
    specversion: "1.0",
    id,
    source: "pod",
    type: "org.kubeflow.serving.inference.request",
    namespace: "models",
    inferenceservicename: "churn",
    component: "predictor",
    data: { instances: [1] },
    ...change,
  });

  it("takes structured and batched events, and keeps what is wrong in them", async () => {
    const post = (type: string, document: unknown) =>
      postBytes(
        url,
        { "content-type": `application/${type}` },
        Buffer.from(typeof document === "string" ? document : JSON.stringify(document)),
      );
    sent.set("structured", Buffer.from('{"instances":[1]}'));
    assert.equal(await post("cloudevents+json", structured("structured")), 202);
    sent.set("batch-1", Buffer.from('{"instances":[1]}'));
    sent.set("batch-2", Buffer.from("text"));
    const batch = [
      structured("batch-1"),
      structured("batch-2", { data: "text", datacontenttype: "text/plain" }),
      structured("batch-3", { type: "other" }),
    ];
    assert.equal(await post("cloudevents-batch+json", batch), 202);
    assert.equal(await post("cloudevents+json", "{broken"), 202);
    assert.equal(await post("cloudevents-batch+json", "[]"), 202);
    assert.equal(await post("cloudevents-batch+json", "7"), 202);
  });

  it("stays up, and drains all it acknowledged", async () => {
    assert.deepEqual(await service.end("SIGTERM"), { code: 0, signal: null });
    const { rows: found } = await lake.query(
      `SELECT id, namespace, problem, body, body_sha256 AS sha256, protocol, time,
         content_type AS "contentType",
              model_name || ' ' || model_version AS model FROM inferences_events`,
    );
    rows = new Map(found.map((row) => [String(row["id"]), row as unknown as Row]));
    const quarantined = found.filter((row) => row["id"] === "" && row["problem"] !== null);
    assert.deepEqual(quarantined.map((row) => String(row["body"])).sort(), ["7", "{broken"]);
    assert.match(String(rows.get("batch-3")!.body), /"type":"other"/, "the whole document");
    for await (const { key } of listObjects(store, "")) {
      assert.ok(key.startsWith("inferences/") && !key.split("/").includes(".."), key);
    }
  });

  it("has every body byte for byte", () => {
    for (const [id, body] of sent) {
      const row = rows.get(id)!;
      assert.ok(row !== undefined, id.slice(0, 40));
      assert.ok(Buffer.from(row.body).equals(body), id.slice(0, 40));
      assert.equal(row.sha256, createHash("sha256").update(body).digest("hex"));
    }
  });

  for (const [id, , protocol = "unknown"] of bodies) {
    it(`takes the body ${id} for ${protocol}`, () =>
      assert.equal(rows.get(id)!.protocol, protocol));
  }

  for (const [id, , check] of attributes) {
    it(`keeps an event with ${JSON.stringify(id.slice(0, 40))}`, () => check(rows.get(id)!));
  }
});
