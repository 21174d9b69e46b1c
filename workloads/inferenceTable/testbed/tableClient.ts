import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as http from "node:http";
import { platformAnnotations } from "@mlplatform/contracts/platformAnnotations";
import type { Lake } from "@mlplatform/lake/ask/lake";

/** An event as a test sends it. */
export interface SentEvent {
  id: string;
  type: "request" | "response";
  body: Buffer;
}

export const testNamespace = "models";

/** KServe's headers of an event. */
export function eventHeaders(event: Pick<SentEvent, "id" | "type">): Record<string, string> {
  return {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": event.id,
    "ce-type": `org.kubeflow.serving.inference.${event.type}`,
    "ce-source": "churn-predictor-00003-deployment-6c9d8f7b5-x2x9z",
    "ce-time": new Date().toISOString(),
    "ce-inferenceservicename": "churn",
    "ce-namespace": testNamespace,
    "ce-component": "predictor",
    "ce-annotations": JSON.stringify({
      [platformAnnotations.modelName]: "churn",
      [platformAnnotations.modelVersion]: "7",
      [platformAnnotations.runId]: "run-1",
    }),
  };
}

/** Requests and answers of `count` predictions. */
export function predictions(count: number, prefix = "prediction"): SentEvent[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`).flatMap((id, index) => [
    { id, type: "request" as const, body: Buffer.from(`{"instances":[[${index}]]}`) },
    { id, type: "response" as const, body: Buffer.from(`{"predictions":[${index}]}`) },
  ]);
}

/** Posts bytes and resolves with the answer's status; rejects where the connection breaks. */
export function postBytes(
  url: string,
  headers: http.OutgoingHttpHeaders,
  body: Buffer,
  agent?: http.Agent,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = {
      method: "POST",
      agent,
      headers: { "content-length": body.length, ...headers },
    };
    const request = http.request(url, options, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode!));
      answer.once("error", reject);
    });
    request.once("error", reject);
    request.end(body);
  });
}

/**
 * Sends with some writers at once; what is acknowledged is noted before the writer sends its next.
 */
export async function sendAll(
  url: string,
  events: readonly SentEvent[],
  acknowledged: SentEvent[],
  writers = 16,
): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: writers });
  const queue = [...events].reverse();
  const writer = async () => {
    for (let event = queue.pop(); event !== undefined; event = queue.pop()) {
      if ((await postBytes(url, eventHeaders(event), event.body, agent)) === 202) {
        acknowledged.push(event);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: writers }, writer));
  } finally {
    agent.destroy();
  }
}

/** Names an event by what makes it one. */
export function identity({ id, type, body }: SentEvent): string {
  return `${id} ${type} ${createHash("sha256").update(body).digest("hex")}`;
}

/** The events of the lake whose body is with them; every body's hash is computed again. */
export async function storedIdentities(lake: Lake): Promise<string[]> {
  const { rows } = await lake.query(
    `SELECT id, type, body_sha256, sha256(body) AS computed FROM inferences_events
     WHERE body_object IS NULL`,
  );
  return rows.map((row) => {
    assert.equal(row["computed"], row["body_sha256"]);
    return `${row["id"]} ${String(row["type"]).split(".").at(-1)} ${row["body_sha256"]}`;
  });
}
