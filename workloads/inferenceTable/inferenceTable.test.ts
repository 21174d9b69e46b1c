import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { listObjects } from "@mlplatform/lake/store/objectStore";
import { inferencePairedPrefix } from "@mlplatform/lake/tables/inferenceKeys";
import { startChildService } from "../lake/testbed/childService";
import { startRelay } from "../lake/testbed/relay";
import { useServiceBed } from "../lake/testbed/serviceBed";
import {
  eventHeaders,
  identity,
  postBytes,
  predictions,
  sendAll,
  type SentEvent,
  storedIdentities,
} from "./testbed/tableClient";

describe("inference table", function () {
  this.timeout(120_000);
  const bed = useServiceBed("inferenceTable");

  it("stores as many rows as events were sent, and one row a prediction", async () => {
    const url = await bed.start();
    const events = predictions(500);
    const acknowledged: SentEvent[] = [];
    await sendAll(url, events, acknowledged);
    assert.equal(acknowledged.length, 1000);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /inference_table_events_received_total\{[^}]*type="request"\} 500/);
    assert.deepEqual(await bed.service.end("SIGTERM"), { code: 0, signal: null });
    assert.deepEqual((await storedIdentities(bed.lake)).sort(), events.map(identity).sort());
    const { rows } = await bed.lake.query(
      `SELECT status, protocol, revision, model_name, model_version, mlflow_run_id, dataset_digest,
              count(*) AS n, count(DISTINCT request_id) AS ids FROM inferences GROUP BY ALL`,
    );
    assert.deepEqual(rows, [
      {
        status: "ok",
        protocol: "v1",
        revision: "churn-predictor-00003",
        model_name: "churn",
        model_version: "7",
        mlflow_run_id: "run-1",
        dataset_digest: "unknown",
        n: 500n,
        ids: 500n,
      },
    ]);
    let parts = 0;
    for await (const { key } of listObjects(bed.store, inferencePairedPrefix)) {
      assert.match(key, /part-00000000\.parquet$/);
      parts += 1;
    }
    assert.ok(parts >= 1);
  });

  it("answers for a prediction that isn't paired yet", async () => {
    const url = await bed.start({ MLP_COMMIT_INTERVAL_MS: "100" });
    for (const event of predictions(1)) {
      assert.equal(await postBytes(url, eventHeaders(event), event.body), 202);
    }
    let rows: unknown[] = [];
    for (let attempt = 0; attempt < 100 && rows.length === 0; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const sql =
        "SELECT response FROM inferences WHERE request_id = 'prediction-0' AND status = 'ok'";
      rows = (await bed.lake.query(sql)).rows;
    }
    assert.deepEqual(rows, [{ response: '{"predictions":[0]}' }]);
    for await (const { key } of listObjects(bed.store, inferencePairedPrefix)) {
      assert.fail(`the open hour was paired: ${key}`);
    }
  });

  it("has every acknowledged event after a kill -9 in the middle, and none twice", async () => {
    const settings = { MLP_COMMIT_INTERVAL_MS: "150" };
    const events = predictions(1500);
    const acknowledged: SentEvent[] = [];
    const first = await bed.start(settings);
    const sending = sendAll(first, events, acknowledged).catch(() => undefined);
    while (acknowledged.length < 900) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await bed.service.end("SIGKILL");
    await sending;
    const before = acknowledged.length;
    assert.ok(before >= 900 && before < events.length, `${before} acknowledged`);
    const second = await bed.start(settings);
    // What wasn't acknowledged is sent again, as a client with retries would.
    const known = new Set(acknowledged.map(identity));
    await sendAll(
      second,
      events.filter((event) => !known.has(identity(event))),
      acknowledged,
    );
    assert.equal((await bed.service.end("SIGTERM")).code, 0);
    const stored = await storedIdentities(bed.lake);
    const storedSet = new Set(stored);
    const lost = acknowledged.filter((event) => !storedSet.has(identity(event)));
    assert.deepEqual(lost, []);
    const { rows } = await bed.lake.query(
      "SELECT count(*) AS n, count(DISTINCT request_id) AS ids FROM inferences WHERE status = 'ok'",
    );
    assert.deepEqual(rows, [{ n: 1500n, ids: 1500n }]);
    // Events may be there twice (stored, but the answer was cut off by the kill); a place in the
    // log may not.
    const places = await bed.lake.query(
      "SELECT count(*) - count(DISTINCT (writer, sequence, frame)) AS repeated FROM " +
        "inferences_events",
    );
    assert.deepEqual(places.rows, [{ repeated: 0n }]);
  });

  it("adds what came after a restart within the hour to the pairs, and changes no part", async () => {
    const [one, answer] = predictions(1) as [SentEvent, SentEvent];
    await postBytes(await bed.start(), eventHeaders(one), one.body);
    await bed.service.end("SIGTERM");
    const keys = async () => {
      const found: [string, string][] = [];
      for await (const { key, etag } of listObjects(bed.store, inferencePairedPrefix)) {
        found.push([key, etag]);
      }
      return found;
    };
    const before = await keys();
    assert.equal(before.length, 1);
    await postBytes(await bed.start(), eventHeaders(answer), answer.body);
    await bed.service.end("SIGTERM");
    const after = await keys();
    assert.deepEqual(after.slice(0, 1), before);
    assert.equal(after.length, 2);
    const { rows } = await bed.lake.query("SELECT request_id, status FROM inferences");
    assert.deepEqual(rows, [{ request_id: "prediction-0", status: "ok" }]);
    await bed.start();
    await bed.service.end("SIGTERM");
    assert.deepEqual(await keys(), after, "a run with nothing new writes nothing");
  });

  it("acknowledges while the lake is down, and stores when it is back", async () => {
    const relay = await startRelay(bed.server.options.endpoint!);
    const url = await bed.start({
      MLP_COMMIT_INTERVAL_MS: "100",
      MLP_LAKE_ENDPOINT: relay.endpoint,
    });
    await relay.cut();
    const events = predictions(50);
    const acknowledged: SentEvent[] = [];
    await sendAll(url, events, acknowledged);
    assert.equal(acknowledged.length, 100);
    await relay.restore();
    assert.equal((await bed.service.end("SIGTERM")).code, 0);
    await relay.stop();
    assert.deepEqual((await storedIdentities(bed.lake)).sort(), events.map(identity).sort());
  });

  it("keeps malformed events with their bytes, and refuses what is no event", async () => {
    const url = await bed.start();
    const body = new Uint8Array(randomBytes(64));
    const event = eventHeaders({ id: "x", type: "request" });
    const send = async (change: Record<string, string>) => {
      const response = await fetch(url, { method: "POST", headers: { ...event, ...change }, body });
      await response.arrayBuffer();
      return response.status;
    };
    assert.equal(await send({ "ce-type": "some.other.type" }), 202);
    assert.equal(await send({ "ce-id": "" }), 202);
    assert.equal(await send({ "ce-specversion": "0.3" }), 202);
    assert.equal(await send({ "ce-namespace": "../../artifacts" }), 202);
    assert.equal((await fetch(url, { method: "POST", body })).status, 400);
    assert.equal((await fetch(url, { method: "PUT", headers: event, body })).status, 405);
    assert.equal(
      (await fetch(`${url}/other`, { method: "POST", headers: event, body })).status,
      404,
    );
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    await bed.service.end("SIGTERM");
    const { rows } = await bed.lake.query(
      `SELECT namespace, problem, body FROM inferences_events ORDER BY problem NULLS LAST`,
    );
    assert.deepEqual(
      rows.map(({ namespace, problem }) => [namespace, problem]),
      [
        ["_quarantine", "ce-id is missing"],
        ["_quarantine", 'ce-namespace is no name of a namespace: "../../artifacts"'],
        ["_quarantine", 'ce-specversion must be 1.0, got "0.3"'],
        ["_quarantine", 'ce-type is unknown: "some.other.type"'],
      ],
    );
    rows.forEach((row) => assert.deepEqual(new Uint8Array(row["body"] as Buffer), body));
    for await (const { key } of listObjects(bed.store, "")) {
      assert.ok(key.startsWith("inferences/"), key);
    }
  });

  it("names every unusable setting in one line and exits with 2", async () => {
    const service = startChildService("inferenceTable", {
      MLP_LAKE_BUCKET: "NO",
      MLP_LAKE_ENDPOINT: "http://user:secret@host",
      MLP_PORT: "99999",
    });
    await new Promise((resolve) => service.child.once("close", resolve));
    assert.equal(service.child.exitCode, 2);
    const lines = service.output().trim().split("\n");
    assert.equal(lines.length, 1);
    for (const setting of ["MLP_LAKE_BUCKET", "MLP_LAKE_ENDPOINT", "MLP_PORT", "MLP_STATE_DIR"]) {
      assert.ok(lines[0]!.includes(setting), setting);
    }
    assert.ok(!lines[0]!.includes("secret"));
  });

  it("refuses a second service on the same state directory", async () => {
    await bed.start();
    const second = startChildService("inferenceTable", {
      ...bed.server.environment,
      MLP_STATE_DIR: join(bed.folder, "state"),
      MLP_PORT: "0",
    });
    await new Promise((resolve) => second.child.once("close", resolve));
    assert.equal(second.child.exitCode, 1);
    assert.match(second.output(), /is in use by another running process/);
  });
});
