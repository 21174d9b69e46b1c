import { createHash, randomUUID } from "node:crypto";
import * as http from "node:http";
import { UserError } from "../../screen/userError";

/** A prediction that was asked for and answered. */
export interface SentPrediction {
  id: string;
  /** Exact bytes of the request, by their hash: the lake's row must have the same. */
  requestSha256: string;
  responseSha256: string;
}

/** Rows of the model's features, in the order of `features`. */
export interface FeatureRows {
  features: string[];
  rows: number[][];
}

const concurrency = 8;
const requestTimeoutMs = 30_000;

/** Body of one prediction over v1 (rows) or v2 (a tensor). */
export function predictionBody(data: FeatureRows, index: number): { path: string; body: Buffer } {
  const row = data.rows[index % data.rows.length] as number[];
  if (index % 2 === 0) {
    return { path: "v1", body: Buffer.from(JSON.stringify({ instances: [row] })) };
  }
  const tensor = { name: "rows", shape: [1, row.length], datatype: "FP64", data: row };
  return { path: "v2", body: Buffer.from(JSON.stringify({ inputs: [tensor] })) };
}

/**
 * Sends predictions over both protocols, each under an id of its own; every one must be answered.
 */
export async function sendPredictions(
  url: string,
  model: string,
  data: FeatureRows,
  count: number,
  say: (text: string) => void,
): Promise<SentPrediction[]> {
  const sockets = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  const sent: SentPrediction[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      const { path, body } = predictionBody(data, index);
      const id = randomUUID();
      const target = path === "v1" ? `/v1/models/${model}:predict` : `/v2/models/${model}/infer`;
      const answer = await post(`${url}${target}`, id, body, sockets).catch((error: Error) => {
        throw new UserError({
          what: `prediction ${index + 1} of ${count} got no answer: ${error.message}`,
          remedy: "Read the logs of kserve-agent and model-server in .mlplatform/run/logs.",
        });
      });
      if (answer.status !== 200) {
        throw new UserError({
          what:
            `prediction ${index + 1} of ${count} was answered ${answer.status}: ` +
            `${answer.body.toString().slice(0, 300)}`,
          remedy: "Read the model server's log in .mlplatform/run/logs/model-server.log.",
        });
      }
      sent.push({ id, requestSha256: sha256(body), responseSha256: sha256(answer.body) });
      if (sent.length % 100 === 0) {
        say(`${sent.length} of ${count}`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
  } finally {
    sockets.destroy();
  }
  return sent;
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function post(
  url: string,
  id: string,
  body: Buffer,
  agent: http.Agent,
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "content-length": body.length,
      "ce-id": id,
    };
    const request = http.request(url, { method: "POST", agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("end", () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }),
      );
      answer.once("error", reject);
    });
    request.setTimeout(requestTimeoutMs, () => request.destroy(new Error("no answer in time")));
    request.once("error", reject);
    request.end(body);
  });
}
