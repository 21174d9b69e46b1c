import { spawn } from "node:child_process";
import { type AddressInfo, connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import {
  inferenceTableLiveness as liveness,
  inferenceTableReadiness as readiness,
} from "../../components/observabilityStack/inferenceTable";
import type { TestStore } from "../../workloads/lake/testbed/objectStores";
import type { Measured } from "../bench";
import type { Measurement } from "../measurement";
import type { BenchBed } from "./benchBed";
import { baselineSeconds, type StallResult } from "./stallAgent";
import { type Server, startServer, tableEnvironment } from "./servers";

const root = resolve(__dirname, "../..");
const eventsPerSecond = 1000;
const bytes = 1024;
const stallSeconds = 60;

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

/**
 * A table that hangs (SIGSTOP) for a minute, seen from a model's pod: alone, and as one of two
 * behind a Service. The logger is the stand-in of the local run; Service and kubelet are played
 * here by their rules: a connection goes to a ready replica in turn, probes run by the pod
 * template's own numbers, and a replica that fails them is killed and started again on its disk.
 */
export async function measureStall({ store, folder }: BenchBed): Promise<Measured> {
  const alone = await stalled(store, join(folder, "alone"), 1);
  const pair = await stalled(store, join(folder, "pair"), 2);
  return [
    growth(`logger's memory, the only table stopped for ${stallSeconds} s`, alone),
    { ...growth("  one of two tables, with the pod's probes", pair), goal: { atMost: 2 } },
  ];
}

function growth(name: string, found: StallResult): Measurement {
  const sent = found.delivered + found.failed;
  return {
    name,
    unit: "MiB",
    figures: [found.peakMiB],
    ratios: [found.peakMiB / found.baselineMiB],
    ratioTo: "its baseline",
    remark:
      `${found.waiting} events waited, ${found.stalledSeconds.toFixed(0)} s without an answer, ` +
      `${found.failed} of ${sent} lost by the logger`,
  };
}

async function stalled(store: TestStore, folder: string, replicas: number): Promise<StallResult> {
  const start = (index: number) =>
    startServer(
      "workloads/inferenceTable/main.ts",
      tableEnvironment(store, join(folder, `${index}`)),
    );
  const tables = await Promise.all(Array.from({ length: replicas }, (_, index) => start(index)));
  const service = await startService(tables);
  const isOver = new AbortController();
  const kubelets =
    replicas === 1 ? [] : tables.map((_, index) => kubelet(service, index, start, isOver.signal));
  const file = join(root, "bench/inferenceTable/stallAgent.ts");
  const options = ["--url", service.url, "--rate", `${eventsPerSecond}`, "--bytes", `${bytes}`];
  const agent = spawn(process.execPath, ["--import", "tsx", file, ...options], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const output = text(agent.stdout);
  await sleep((baselineSeconds + 2) * 1000);
  const victim = service.tables[0]!.child;
  victim.kill("SIGSTOP");
  await sleep(stallSeconds * 1000);
  victim.kill("SIGCONT");
  agent.stdin.end();
  const result = JSON.parse(await output) as StallResult;
  isOver.abort();
  await Promise.all(kubelets);
  service.close();
  await Promise.all(service.tables.map((table) => table.end()));
  return result;
}

interface Service {
  url: string;
  tables: Server[];
  ready: boolean[];
  close(): void;
}

/** A Kubernetes Service: each new connection goes to the next ready replica, and stays there. */
async function startService(tables: Server[]): Promise<Service> {
  const ready = tables.map(() => true);
  let turn = 0;
  const server = createServer((client) => {
    const able = tables.filter((_, index) => ready[index]);
    const table = able[turn++ % able.length];
    if (table === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect(Number(new URL(table.url).port), "127.0.0.1");
    for (const socket of [client, upstream]) {
      socket.on("error", () => socket.destroy());
      socket.on("close", () => [client, upstream].forEach((each) => each.destroy()));
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, tables, ready, close: () => server.close() };
}

/** Probes one replica by the pod template's numbers, and replaces it when it fails. */
async function kubelet(
  service: Service,
  index: number,
  start: (index: number) => Promise<Server>,
  isOver: AbortSignal,
): Promise<void> {
  const answers = (path: string, seconds: number) =>
    fetch(`${service.tables[index]!.url}${path}`, { signal: AbortSignal.timeout(seconds * 1000) })
      .then((answer) => answer.ok)
      .catch(() => false);
  let unready = 0;
  let dead = 0;
  while (!isOver.aborted) {
    await sleep(liveness.periodSeconds * 1000);
    const [isReady, isAlive] = await Promise.all([
      answers("/readyz", readiness.timeoutSeconds),
      answers("/healthz", liveness.timeoutSeconds),
    ]);
    unready = isReady ? 0 : unready + 1;
    dead = isAlive ? 0 : dead + 1;
    service.ready[index] = unready < readiness.failureThreshold;
    if (dead >= liveness.failureThreshold) {
      // A stopped process takes no SIGTERM: it has its grace, then it is killed.
      await sleep(liveness.terminationGracePeriodSeconds * 1000);
      const ended = new Promise((done) => service.tables[index]!.child.once("close", done));
      service.tables[index]!.child.kill("SIGKILL");
      await ended;
      service.tables[index] = await start(index);
      dead = 0;
    }
  }
}
