import assert from "node:assert/strict";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EventType } from "@mlplatform/contracts/eventTypes";
import { startKserveAgent } from "../../local/services/kserveAgent";
import { useServiceBed } from "../../workloads/lake/testbed/serviceBed";
import { buildTimeoutMs } from "./monitoringTools";
import { withPrometheus } from "./prometheus";
import { alertsFolder } from "./shippedMonitoring";

const predictions = 1500;
/** Of the requests' events one in so many never reaches the table. */
const oneLostIn = 40;
const lost = Math.floor(predictions / oneLostIn);
/** Scrapes and evaluations after the last prediction; both come every second. */
const settleMs = 4_000;
const identity = {
  source: "churn-predictor-00001-deployment-6c9d8f7b5-x2x9z",
  inferenceService: "churn",
  namespace: "models",
  component: "predictor",
  endpoint: "",
  metadataHeaders: [],
  annotations: {},
};

async function listen(
  handler: http.RequestListener,
): Promise<{ server: http.Server; url: string }> {
  const server = http.createServer(handler).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/**
 * Passes events on, but for one in so many of the requests', which it refuses as a full table
 * would.
 */
function losingRelay(table: string): http.RequestListener {
  let requests = 0;
  return (request, response) => {
    const isRequest = request.headers["ce-type"] === EventType.Request;
    if (isRequest && ++requests % oneLostIn === 0) {
      request.resume().once("end", () => response.writeHead(503).end());
      return;
    }
    const { method, headers } = request;
    const passed = http.request(table, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    passed.once("error", (error) => response.destroy(error));
    request.pipe(passed);
  };
}

describe("the capture ratio, by Prometheus over a table that gets too little", function () {
  this.timeout(buildTimeoutMs + 180_000);
  const bed = useServiceBed("inferenceTable");

  it(`is within a thousandth of the truth: ${lost} of ${predictions} lost in a burst`, async () => {
    const table = await bed.start();
    const model = await listen((request, response) => {
      request.resume().once("end", () => response.end('{"predictions":[1]}'));
    });
    const relay = await listen(losingRelay(table));
    const agent = await startKserveAgent({
      host: "127.0.0.1",
      port: 0,
      upstream: model.url,
      sink: relay.url,
      identity,
      report: () => undefined,
    });
    const targets = [
      { job: "inference-table", address: new URL(table).host },
      { job: "predictors", address: new URL(agent.url).host },
    ];
    const ruleFiles = [join(alertsFolder, "inferenceTable.yaml")];
    try {
      const ratios = await withPrometheus(
        targets,
        async (prometheus) => {
          await prometheus.waitForScrapes();
          let left = predictions;
          const client = async () => {
            while (left-- > 0) {
              const answer = await fetch(`${agent.url}/v1/models/churn:predict`, {
                method: "POST",
                headers: { "content-type": "application/json" },
                body: '{"instances":[[1]]}',
              });
              assert.equal(answer.status, 200);
              await answer.arrayBuffer();
            }
          };
          await Promise.all(Array.from({ length: 4 }, client));
          await agent.dispatcher.drained();
          await sleep(settleMs);
          return prometheus.query("inference_capture_ratio");
        },
        { ruleFiles },
      );
      assert.equal(agent.dispatcher.counts.failed, lost);
      assert.equal(ratios.length, 1);
      const ratio = Number(ratios[0]!.values.at(-1)![1]);
      const truth = 1 - lost / predictions;
      assert.ok(Math.abs(ratio - truth) <= 0.001, `${ratio} where ${truth} is true`);
    } finally {
      await agent.close();
      [model, relay].forEach(({ server }) => server.closeAllConnections());
      [model, relay].forEach(({ server }) => server.close());
    }
  });
});
