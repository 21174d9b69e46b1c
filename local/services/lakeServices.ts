import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  inferenceTableVariables,
  logOffloaderVariables,
  serviceVariables,
} from "@mlplatform/contracts/environment";
import { ingestPath } from "@mlplatform/contracts/ingestAddress";
import { ManifestStatus, getRayLogManifest } from "@mlplatform/lake/rayLogs/rayLogManifest";
import { type LocalLake, lakeEnvironment, openLake } from "./objectStore";
import type { Ports } from "../processes/ports";
import type { Service, Supervisor } from "../processes/supervisor";

const readyTimeoutMs = 60_000;
/** Ray's only node here. */
export const rayNode = "head";

/** File of a run with the address that takes its predictions. */
export function inferenceAddressFile(run: string): string {
  return join(run, "inference-address");
}

/**
 * Starts the service that turns payload events into rows of the lake. It takes a namespace's
 * predictions at `address` alone.
 */
export async function startInferenceTable(
  supervisor: Supervisor,
  ports: Ports,
  lake: LocalLake,
  namespace: string,
): Promise<{ service: Service; address: string }> {
  const key = randomBytes(24).toString("base64url");
  const url = `http://127.0.0.1:${ports.inferenceTable}`;
  const service = startNode(supervisor, "inference-table", "inferenceTable", url, {
    ...lakeEnvironment(lake),
    [serviceVariables.host]: "127.0.0.1",
    [serviceVariables.port]: String(ports.inferenceTable),
    [serviceVariables.stateDirectory]: join(supervisor.state.run, "inference-table"),
    [inferenceTableVariables.ingestKey]: key,
  });
  const ready = async () => (await fetch(`${url}/readyz`)).ok;
  await supervisor.waitReady(service, ready, readyTimeoutMs);
  const address = `${url}${ingestPath(key, namespace)}`;
  writeFileSync(inferenceAddressFile(supervisor.state.run), address, { mode: 0o600 });
  return { service, address };
}

/**
 * Starts the sidecar that brings Ray's logs to the lake; it runs before Ray writes its first byte.
 */
export async function startLogOffloader(
  supervisor: Supervisor,
  ports: Ports,
  lake: LocalLake,
  ray: { directory: string; cluster: string; namespace: string; job: string },
): Promise<Service> {
  const url = `http://127.0.0.1:${ports.logOffloader}`;
  const service = startNode(supervisor, "log-offloader", "logOffloader", url, {
    ...lakeEnvironment(lake),
    [serviceVariables.port]: String(ports.logOffloader),
    [serviceVariables.stateDirectory]: join(supervisor.state.run, "log-offloader"),
    [logOffloaderVariables.rayDirectory]: ray.directory,
    [logOffloaderVariables.namespace]: ray.namespace,
    [logOffloaderVariables.cluster]: ray.cluster,
    [logOffloaderVariables.rayJob]: ray.job,
    [logOffloaderVariables.node]: rayNode,
    [logOffloaderVariables.role]: "head",
  });
  // Its contract, and all that Ray's start has to wait for: the node's open manifest is in the
  // lake.
  const store = openLake(lake);
  try {
    const node = { namespace: ray.namespace, cluster: ray.cluster, node: rayNode };
    const isOpen = async () =>
      (await getRayLogManifest(store, node)).status === ManifestStatus.Open;
    await supervisor.waitReady(service, isOpen, readyTimeoutMs);
  } finally {
    store.close();
  }
  return service;
}

function startNode(
  supervisor: Supervisor,
  name: string,
  workload: string,
  url: string,
  env: Record<string, string>,
): Service {
  const clone = supervisor.state.clone;
  const main = join(clone, "workloads", workload, "main.ts");
  const args = ["--import", "tsx", main];
  return supervisor.start({ name, command: process.execPath, args, cwd: clone, env, url });
}
