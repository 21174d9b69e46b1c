import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { EventType } from "@mlplatform/contracts/eventTypes";
import { type KserveAgent, startKserveAgent } from "./kserveAgent";
import { type LoggerIdentity, payloadEvent } from "./payloadEvents";

const identity: LoggerIdentity = {
  source: "churn-predictor-00003-deployment-6c9d8f7b5-x2x9z",
  inferenceService: "churn",
  namespace: "models",
  component: "predictor",
  endpoint: "",
  metadataHeaders: ["x-request-id"],
  annotations: { "mlops.example.com/model-version": "7" },
};

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

interface Bench {
  agent: KserveAgent;
  received: Received[];
  lost: string[];
  highest: () => number;
}

async function listen(handler: RequestListener): Promise<{ url: string; close: () => void }> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => server.closeAllConnections() ?? server.close(),
  };
}

async function withBench(
  options: { modelStatus?: number; sinkStatus?: number; sinkDelayMs?: number },
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const received: Received[] = [];
  const lost: string[] = [];
  let now = 0;
  let highest = 0;
  const model = await listen((request, response) => {
    request.resume().once("end", () => {
      response.writeHead(options.modelStatus ?? 200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          predictions: [1],
          events: Object.keys(request.headers).filter((h) => h.startsWith("ce-")),
        }),
      );
    });
  });
  const sink = await listen((request, response) => {
    highest = Math.max(highest, ++now);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => {
      setTimeout(() => {
        now--;
        received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(options.sinkStatus ?? 202).end();
      }, options.sinkDelayMs ?? 0);
    });
  });
  const report = (line: string) => lost.push(line);
  const where = { host: "127.0.0.1", port: 0, upstream: model.url, sink: sink.url };
  const agent = await startKserveAgent({ ...where, identity, report });
  try {
    await body({ agent, received, lost, highest: () => highest });
  } finally {
    await agent.close();
    model.close();
    sink.close();
  }
}

const predict = (agent: KserveAgent, headers: Record<string, string> = {}) =>
  fetch(`${agent.url}/v1/models/churn:predict`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: '{"instances":[[1]]}',
  });

describe("stand-in for KServe's agent", () => {
  it("builds the headers of KServe's logger", () => {
    const event = payloadEvent(
      identity,
      EventType.Request,
      "8f2c1b6e-6f0e-4f0b-9a7b-3d7f7a2f1c11",
      { "content-type": "application/json", "x-request-id": "abc", authorization: "secret" },
      Buffer.from("{}"),
      new Date("2026-11-23T10:00:00.123Z"),
    );
    // The fixture of KServe v0.20's contract; Go writes nanoseconds where Node has milliseconds.
    assert.deepEqual(event.headers, {
      "Content-Type": "application/json",
      "Ce-Specversion": "1.0",
      "Ce-Id": "8f2c1b6e-6f0e-4f0b-9a7b-3d7f7a2f1c11",
      "Ce-Type": "org.kubeflow.serving.inference.request",
      "Ce-Source": "churn-predictor-00003-deployment-6c9d8f7b5-x2x9z",
      "Ce-Time": "2026-11-23T10:00:00.123Z",
      "Ce-Inferenceservicename": "churn",
      "Ce-Namespace": "models",
      "Ce-Component": "predictor",
      "Ce-Endpoint": "",
      "Ce-Metadata": '{"X-Request-Id":["abc"]}',
      "Ce-Annotations": '{"mlops.example.com/model-version":"7"}',
    });
  });

  it("posts one request and one response under the client's id, with the exact bytes", async () => {
    await withBench({}, async ({ agent, received }) => {
      const answer = await predict(agent, { "ce-id": "mine" });
      const body = await answer.text();
      await agent.dispatcher.drained();
      const byType = new Map(received.map((each) => [each.headers["ce-type"], each]));
      assert.equal(byType.get(EventType.Request)?.body, '{"instances":[[1]]}');
      assert.equal(byType.get(EventType.Response)?.body, body);
      assert.deepEqual(
        received.map((each) => each.headers["ce-id"]),
        ["mine", "mine"],
      );
      assert.deepEqual((JSON.parse(body) as { events: string[] }).events, []);
      assert.ok(received.every((each) => each.headers["ce-recordedtime"] !== undefined));
    });
  });

  it("makes an id where the client sent none, a new one each time", async () => {
    await withBench({}, async ({ agent, received }) => {
      await predict(agent);
      await predict(agent);
      await agent.dispatcher.drained();
      assert.equal(new Set(received.map((each) => each.headers["ce-id"])).size, 2);
      assert.equal(received.length, 4);
    });
  });

  it("posts no response event for an answer other than 200, and passes the answer on", async () => {
    await withBench({ modelStatus: 400 }, async ({ agent, received }) => {
      assert.equal((await predict(agent)).status, 400);
      await agent.dispatcher.drained();
      assert.deepEqual(
        received.map((each) => each.headers["ce-type"]),
        [EventType.Request],
      );
    });
  });

  it("skips the kubelet's probes", async () => {
    await withBench({}, async ({ agent, received }) => {
      await predict(agent, { "user-agent": "kube-probe/1.35" });
      await agent.dispatcher.drained();
      assert.equal(received.length, 0);
    });
  });

  it("never tries an event again, and answers the client all the same", async () => {
    await withBench({ sinkStatus: 503 }, async ({ agent, received, lost }) => {
      assert.equal((await predict(agent)).status, 200);
      await agent.dispatcher.drained();
      assert.equal(received.length, 2);
      assert.deepEqual(agent.dispatcher.counts, { delivered: 0, failed: 2 });
      assert.match(lost[0] ?? "", /was lost: answered 503/);
    });
  });

  it("delivers at most five events at once", async () => {
    await withBench({ sinkDelayMs: 20 }, async ({ agent, received, highest }) => {
      await Promise.all(Array.from({ length: 20 }, () => predict(agent)));
      await agent.dispatcher.drained();
      assert.equal(received.length, 40);
      assert.equal(highest(), 5);
    });
  });

  it("answers 502 when the model server is gone", async () => {
    const report = () => undefined;
    const nowhere = {
      host: "127.0.0.1",
      port: 0,
      upstream: "http://127.0.0.1:9",
      sink: "http://127.0.0.1:9",
    };
    const agent = await startKserveAgent({ ...nowhere, identity, report });
    try {
      const answer = await predict(agent);
      assert.equal(answer.status, 502);
      assert.match(await answer.text(), /the model server does not answer/);
    } finally {
      await agent.close();
    }
  });
});
