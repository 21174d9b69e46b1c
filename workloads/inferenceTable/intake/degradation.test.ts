import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { promises as fs } from "node:fs";
import { join } from "node:path";
import { type Relay, startRelay } from "../../lake/testbed/relay";
import { useServiceBed } from "../../lake/testbed/serviceBed";
import {
  eventHeaders,
  identity,
  postBytes,
  predictions,
  sendAll,
  type SentEvent,
  storedIdentities,
} from "../testbed/tableClient";

const mib = 1 << 20;

describe("inference table when the lake or the disk gives way", function () {
  this.timeout(180_000);
  let relay: Relay;
  let mounted: string | undefined;
  // Registered before the bed's hook, so that it runs first: a folder with a disk in it can't be
  // removed.
  afterEach(async () => {
    await relay.stop();
    if (mounted !== undefined) {
      execFileSync("umount", ["--lazy", mounted]);
      mounted = undefined;
    }
  });
  const bed = useServiceBed("inferenceTable");
  beforeEach(async () => {
    relay = await startRelay(bed.server.options.endpoint!);
  });

  const start = (env: NodeJS.ProcessEnv) =>
    bed.start({ MLP_LAKE_ENDPOINT: relay.endpoint, MLP_COMMIT_INTERVAL_MS: "100", ...env });

  const post = (url: string, event: SentEvent) => postBytes(url, eventHeaders(event), event.body);
  const large = (id: string, bytes: number): SentEvent => ({
    id,
    type: "request",
    body: randomBytes(bytes),
  });

  async function metric(url: string, name: string): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = text.split("\n").find((each) => each.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.split(" ").at(-1));
  }

  /** Fills the buffer until the service refuses; notes what it acknowledged. */
  async function fill(
    url: string,
    bytes: number,
  ): Promise<{ acknowledged: SentEvent[]; refused: number }> {
    const acknowledged: SentEvent[] = [];
    let refused = 0;
    const long = JSON.stringify({ "X-Long": ["x".repeat(200_000)] });
    for (let index = 0; refused < 3 && index < 1_000; index++) {
      const event = large(`fill-${index}`, bytes);
      // Rows without bodies fill a disk slowly; with their headers they take a test's time.
      const headers = { ...eventHeaders(event), ...(index < 100 ? {} : { "ce-metadata": long }) };
      if ((await postBytes(url, headers, event.body)) === 202) {
        acknowledged.push(event);
      } else {
        refused += 1;
      }
    }
    return { acknowledged, refused };
  }

  async function untilRelieved(url: string): Promise<void> {
    for (let attempt = 0; attempt < 300; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const isReady = (await fetch(`${url}/readyz`)).status === 200;
      if (isReady && (await metric(url, "inference_table_buffer_share")) < 0.5) {
        return;
      }
    }
    assert.fail("the buffer stays full");
  }

  async function assertLadder(acknowledged: SentEvent[]): Promise<void> {
    const { rows } = await bed.lake.query(
      `SELECT id, degraded, truncated, body, body_bytes, body_sha256, received_time
         FROM inferences_events
       WHERE id LIKE 'fill-%' ORDER BY sequence, frame`,
    );
    const rungs = rows.map((row) => String(row["degraded"] ?? "full"));
    const order = rungs.filter((rung, index) => rung !== rungs[index - 1]);
    assert.deepEqual(order, ["full", "truncated", "metadata_only"]);
    const bodies = new Map(acknowledged.map(({ id, body }) => [id, body]));
    assert.equal(rows.length, bodies.size);
    for (const row of rows) {
      const body = bodies.get(String(row["id"]))!;
      assert.equal(row["body_sha256"], createHash("sha256").update(body).digest("hex"));
      assert.equal(Number(row["body_bytes"]), body.length);
      assert.equal(row["truncated"], row["degraded"] !== null);
      const kept = { full: body.length, truncated: 64 << 10, metadata_only: 0 }[
        String(row["degraded"] ?? "full")
      ]!;
      assert.ok(
        Buffer.from(row["body"] as Buffer).equals(body.subarray(0, kept)),
        String(row["id"]),
      );
    }
    const { rows: differing } = await bed.lake.query(
      `SELECT e.id FROM inferences_events e JOIN inferences i ON i.request_id = e.id
       WHERE i.request_sha256 IS DISTINCT FROM e.body_sha256`,
    );
    assert.deepEqual(differing, [], "a prediction shows the hash of its whole request");
  }

  it(
    "gives up bodies before events, in order, when the buffer fills, and recovers without a " +
      "restart",
    async () => {
      const url = await start({ MLP_LOG_MIB: "24", MLP_SEGMENT_MIB: "4" });
      await relay.cut();
      const { acknowledged, refused } = await fill(url, 1.5 * mib);
      assert.ok(refused >= 3, "the last rung is a refusal");
      assert.equal((await fetch(`${url}/readyz`)).status, 503, "others get the events now");
      assert.ok((await metric(url, 'inference_table_events_degraded_total{kept="truncated"}')) > 0);
      assert.ok(
        (await metric(url, 'inference_table_events_degraded_total{kept="metadata_only"}')) > 0,
      );
      assert.ok((await metric(url, 'inference_table_events_refused_total{reason="full"}')) >= 3);
      await relay.restore();
      const again = large("after", 1.5 * mib);
      await untilRelieved(url);
      assert.equal(await post(url, again), 202);
      assert.equal((await fetch(`${url}/readyz`)).status, 200);
      assert.equal((await bed.service.end("SIGTERM")).code, 0);
      await assertLadder(acknowledged);
      const { rows } = await bed.lake.query(
        "SELECT degraded FROM inferences_events WHERE id = 'after'",
      );
      assert.deepEqual(rows, [{ degraded: null }]);
    },
  );

  it("does the same on a disk that is full, and never ends", async function () {
    const state = join(bed.folder, "disk");
    await fs.mkdir(state);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", state], { stdio: "pipe" });
    } catch (error) {
      console.log(
        "      skipped: a small disk can't be mounted here: " +
          `${(error as Error).message.split("\n").at(-2)}`,
      );
      this.skip();
    }
    mounted = state;
    const url = await start({ MLP_STATE_DIR: state, MLP_LOG_MIB: "4096", MLP_SEGMENT_MIB: "2" });
    await relay.cut();
    const { acknowledged, refused } = await fill(url, 1.5 * mib);
    assert.ok(refused >= 3);
    // Someone else takes the rest of the disk.
    await fs
      .writeFile(join(state, "foreign"), Buffer.alloc(64 * mib))
      .catch((error: NodeJS.ErrnoException) => {
        assert.equal(error.code, "ENOSPC");
      });
    assert.equal(await post(url, large("no-room", 10_000)), 503);
    await fs.rm(join(state, "foreign"));
    await relay.restore();
    await untilRelieved(url);
    assert.equal(await post(url, large("after", 10_000)), 202);
    assert.equal((await bed.service.end("SIGTERM")).code, 0, bed.service.output());
    await assertLadder(acknowledged);
  });

  it("acknowledges through an outage of the store as before, and loses nothing", async () => {
    // The outage of an hour at 2000 events a second, at a twentieth: as many commits fail, with
    // fewer events.
    const url = await start({});
    const before: SentEvent[] = [];
    await sendAll(url, predictions(500, "before"), before);
    await relay.cut();
    const during: SentEvent[] = [];
    const events = predictions(4_000, "during");
    await sendAll(url, events, during, 32);
    assert.equal(during.length, events.length, "every one was acknowledged");
    const memory =
      Number(
        /VmRSS:\s+(\d+)/.exec(
          await fs.readFile(`/proc/${bed.service.child.pid}/status`, "utf8"),
        )?.[1],
      ) / 1024;
    await relay.restore();
    assert.equal((await bed.service.end("SIGTERM")).code, 0);
    const stored = new Set(await storedIdentities(bed.lake));
    assert.deepEqual(
      [...before, ...during].map(identity).filter((each) => !stored.has(each)),
      [],
    );
    assert.ok(memory < 400, `${memory} MiB`);
  });

  it("stores 100 MB payloads byte for byte within 400 MB, eight at once", async () => {
    const url = await start({
      MLP_LAKE_ENDPOINT: bed.server.options.endpoint,
      MLP_COMMIT_INTERVAL_MS: "500",
    });
    const pid = bed.service.child.pid!;
    let peak = 0;
    const watch = setInterval(() => {
      void fs.readFile(`/proc/${pid}/status`, "utf8").then(
        (text) => (peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024)),
        () => undefined,
      );
    }, 20);
    const bodies = Array.from({ length: 3 }, () => randomBytes(100 * mib));
    const statuses = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        post(url, { id: `big-${index}`, type: "request", body: bodies[index % 3]! }),
      ),
    );
    assert.deepEqual(
      statuses,
      Array.from({ length: 8 }, () => 202),
    );
    assert.equal((await bed.service.end("SIGTERM")).code, 0);
    clearInterval(watch);
    assert.ok(peak < 400, `${peak} MiB at its highest`);
    const { rows } = await bed.lake.query(
      "SELECT id, body_object, body_sha256, body_bytes, degraded FROM inferences_events " +
        "ORDER BY id",
    );
    assert.equal(rows.length, 8);
    for (const [index, row] of rows.entries()) {
      const expected = createHash("sha256")
        .update(bodies[index % 3]!)
        .digest("hex");
      assert.equal(row["body_sha256"], expected);
      assert.equal(Number(row["body_bytes"]), 100 * mib);
      assert.equal(row["degraded"], null);
      const hash = createHash("sha256");
      for await (const chunk of await bed.store.getStream(String(row["body_object"]))) {
        hash.update(chunk as Buffer);
      }
      assert.equal(hash.digest("hex"), expected, "the object");
    }
    const { rows: shown } = await bed.lake.query(
      "SELECT request, request_object, request_sha256 FROM inferences WHERE request_id = 'big-0'",
    );
    assert.equal(shown[0]!["request_sha256"], rows[0]!["body_sha256"]);
    assert.equal(shown[0]!["request"], null);
    assert.equal(shown[0]!["request_object"], rows[0]!["body_object"]);
  });

  it("keeps the beginning and the hash of a body beyond its bound", async () => {
    const url = await start({
      MLP_LAKE_ENDPOINT: bed.server.options.endpoint,
      MLP_MAX_BODY_MIB: "8",
    });
    const event = large("beyond", 12 * mib);
    assert.equal(await post(url, event), 202);
    await bed.service.end("SIGTERM");
    const { rows } = await bed.lake.query(
      "SELECT body, body_bytes, body_sha256, degraded, truncated FROM inferences_events",
    );
    const [row] = rows;
    assert.deepEqual(Buffer.from(row!["body"] as Buffer), event.body.subarray(0, 64 << 10));
    assert.equal(Number(row!["body_bytes"]), 12 * mib);
    assert.equal(row!["body_sha256"], createHash("sha256").update(event.body).digest("hex"));
    assert.deepEqual([row!["degraded"], row!["truncated"]], ["truncated", true]);
  });

  it(
    "redacts before the disk: neither log, nor files of bodies, nor the lake ever holds the " +
      "value",
    async () => {
      const secret = "zz-4711-secret-zz";
      const rules = join(bed.folder, "rules.json");
      await fs.writeFile(
        rules,
        JSON.stringify([
          { path: "$..ssn", action: "hash" },
          { part: "metadata", path: "$.Authorization", action: "drop" },
        ]),
      );
      const url = await start({
        MLP_REDACTION_FILE: rules,
        MLP_REDACTION_KEY: "k",
        MLP_COMMIT_INTERVAL_MS: "600000",
      });
      const send = (id: string, body: string | Buffer, change: Record<string, string> = {}) =>
        postBytes(url, { ...eventHeaders({ id, type: "request" }), ...change }, Buffer.from(body));
      const padding = "x".repeat(18 * mib);
      const sends: [string, string | Buffer, Record<string, string>?][] = [
        ["plain", `{"instances":[{"ssn":"${secret}","x":1}]}`],
        ["unreadable", `ssn=${secret}`],
        ["large", `{"instances":[{"ssn":"${secret}","pad":"${padding}"}]}`],
        ["malformed", `{"ssn":"${secret}"}`, { "ce-type": "other" }],
        [
          "header",
          "{}",
          { "ce-metadata": JSON.stringify({ Authorization: [secret], "X-Request-Id": ["1"] }) },
        ],
      ];
      for (const [id, body, change] of sends) {
        assert.equal(await send(id, body, change), 202, id);
      }
      const document = {
        specversion: "1.0",
        id: "d",
        source: "p",
        type: "other",
        data: { ssn: secret },
      };
      const structured = { "content-type": "application/cloudevents+json" };
      assert.equal(await postBytes(url, structured, Buffer.from(JSON.stringify(document))), 202);
      assert.equal(await postBytes(url, structured, Buffer.from(`{"ssn":"${secret}"`)), 202);
      const grep = async (directory: string): Promise<string[]> => {
        const found: string[] = [];
        for (const entry of await fs.readdir(directory, { recursive: true, withFileTypes: true })) {
          const file = join(entry.parentPath, entry.name);
          if (entry.isFile() && (await fs.readFile(file)).includes(secret)) {
            found.push(file);
          }
        }
        return found;
      };
      assert.deepEqual(await grep(join(bed.folder, "state")), []);
      assert.equal((await bed.service.end("SIGTERM")).code, 0);
      const { rows } = await bed.lake.query(
        "SELECT id, body::VARCHAR AS body, degraded, metadata FROM inferences_events ORDER BY id",
      );
      assert.equal(rows.length, 7);
      assert.ok(
        !JSON.stringify(rows, (_, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        ).includes(secret),
      );
      const row = (id: string) => rows.find((each) => each["id"] === id)!;
      assert.match(String(row("plain")["body"]), /hmac:[0-9a-f]{32}.*x/);
      assert.equal(row("unreadable")["degraded"], "withheld");
      assert.equal(row("large")["degraded"], "withheld");
      assert.equal(row("header")["metadata"], '{"X-Request-Id":["1"]}');
    },
  );
});
