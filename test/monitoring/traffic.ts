import { readFileSync } from "node:fs";
import { StateDirectory } from "../../local/processes/runState";
import { inferenceAddressFile } from "../../local/services/lakeServices";
import { clone } from "./monitoringTools";

/**
 * Sends what a healthy run never does, so that series of refusals exist.
 *
 * @param addresses of the run's services by name
 */
export async function sendOddEvents(addresses: ReadonlyMap<string, string>): Promise<void> {
  const table = addresses.get("inference-table");
  if (table === undefined) {
    throw new Error("the run has no inference table");
  }
  const answer = await fetch(table, { method: "POST", body: "no CloudEvent" });
  if (answer.status !== 400) {
    throw new Error(`the inference table answered ${answer.status} to what is no CloudEvent`);
  }
  const address = readFileSync(inferenceAddressFile(new StateDirectory(clone).run), "utf8");
  const untraceable = await fetch(address, {
    method: "POST",
    headers: {
      "ce-specversion": "1.0",
      "ce-id": "untraceable",
      "ce-type": "org.kubeflow.serving.inference.response",
      "ce-source": "a-pod-without-annotations",
      "ce-namespace": "local",
      "ce-inferenceservicename": "unannotated",
    },
    body: "{}",
  });
  if (untraceable.status !== 202) {
    throw new Error(`the inference table answered ${untraceable.status} to an event`);
  }
  const pod = addresses.get("kserve-agent");
  if (pod === undefined) {
    throw new Error("the run has no pod of a model");
  }
  const unknown = await fetch(`${pod}/v1/models/no-such-model:predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"instances":[[1]]}',
  });
  if (unknown.status !== 404) {
    throw new Error(`the model's pod answered ${unknown.status} for a model it does not have`);
  }
}
