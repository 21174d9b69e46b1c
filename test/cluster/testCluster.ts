import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lastLines } from "../../local/processes/supervisor";
import { BedFolder } from "./bedFolder";
import { Program, type Programs, buildControlPlane } from "./controlPlane";
import { readCrds } from "./crds";
import { KubeApi, type KubeObject, Refusal } from "./kubeApi";

const root = resolve(__dirname, "../..");
const readyTimeoutMs = 120_000;
const stopGraceMs = 10_000;
const pollMs = 100;
/** Attempts to start on free ports: another program may take one in between. */
const startAttempts = 3;

interface Ports {
  etcd: number;
  etcdPeer: number;
  apiServer: number;
}

/**
 * A real Kubernetes control plane on loopback: etcd, API server with RBAC, controller manager,
 * scheduler, and kwok in place of kubelets. Its clocks run as in a real one; containers never
 * start.
 */
export class TestCluster {
  readonly #children: { name: string; child: ChildProcess; log: string }[] = [];
  #api: KubeApi | undefined;

  private constructor(
    private readonly programs: Programs,
    private readonly bed: BedFolder,
    private readonly ports: Ports,
  ) {}

  /** The API as `system:masters`. */
  get api(): KubeApi {
    return this.#api!;
  }

  private get folder(): string {
    return this.bed.path;
  }

  private get kubeconfig(): string {
    return join(this.folder, "kubeconfig");
  }

  /** Text of a kubeconfig as `system:masters`. */
  kubeconfigText(): string {
    return readFileSync(this.kubeconfig, "utf8");
  }

  /** Runs kubectl, of the API server's version, as `system:masters`. */
  kubectl(...args: string[]): { code: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(this.programs[Program.Kubectl], args, {
      encoding: "utf8",
      // It keeps a cache of the API in its home.
      env: { KUBECONFIG: this.kubeconfig, HOME: this.folder },
    });
    return { code: status, stdout, stderr };
  }

  /** The API with another token, such as that of a ServiceAccount. */
  apiAs(token: string): KubeApi {
    return new KubeApi(this.api.url, this.ca, token);
  }

  /**
   * Starts a cluster.
   *
   * @param snapshot folder of an etcd that a cluster left behind; without it the cluster is empty
   * @param without controllers that don't run
   */
  static async start(
    programs: Programs,
    snapshot?: string,
    without: string[] = [],
  ): Promise<TestCluster> {
    for (let attempt = 1; ; attempt++) {
      const [etcd, etcdPeer, apiServer] = await freePorts(3);
      const ports = { etcd: etcd!, etcdPeer: etcdPeer!, apiServer: apiServer! };
      const cluster = new TestCluster(programs, BedFolder.make("mlplatform-cluster-"), ports);
      try {
        if (snapshot) {
          cpSync(snapshot, join(cluster.folder, "etcd"), { recursive: true });
        }
        await cluster.#startAll(without);
        return cluster;
      } catch (error) {
        await cluster.stop();
        if (attempt === startAttempts || !/address already in use/.test(String(error))) {
          throw error;
        }
      }
    }
  }

  /** Ends every process and removes the cluster's files. */
  async stop(): Promise<void> {
    await this.#stopProcesses();
    this.bed.remove();
  }

  /**
   * Ends every process and keeps the state for later starts, under a name that is whole or not
   * there.
   */
  async stopInto(snapshot: string): Promise<void> {
    await this.#stopProcesses();
    const draft = `${snapshot}.${process.pid}`;
    mkdirSync(dirname(snapshot), { recursive: true });
    cpSync(join(this.folder, "etcd"), draft, { recursive: true });
    renameSync(draft, snapshot);
    this.bed.remove();
  }

  /** Waits until something holds, and says what was seen last where it never does. */
  async until<T>(
    what: string,
    look: () => Promise<{ done: boolean; seen: T }>,
    timeoutMs = readyTimeoutMs,
  ): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { done, seen } = await look();
      if (done) {
        return seen;
      }
      this.#failOnDeath();
      if (Date.now() > deadline) {
        const shown = JSON.stringify(seen, null, 1)?.slice(0, 4000);
        throw new Error(`${what}: not after ${timeoutMs / 1000} s; seen last: ${shown}`);
      }
      await sleep(pollMs);
    }
  }

  async #startAll(without: string[]): Promise<void> {
    const token = randomBytes(16).toString("hex");
    this.#write("tokens.csv", `${token},admin,admin,system:masters\n`);
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    this.#write("service-account.key", privateKey);
    this.#write("service-account.pub", publicKey);
    const file = (name: string) => join(this.folder, name);

    const etcd = `http://127.0.0.1:${this.ports.etcd}`;
    const peer = `http://127.0.0.1:${this.ports.etcdPeer}`;
    // Without fsync: a test's state is worth nothing after a crash.
    this.#spawn(Program.Etcd, [
      `--data-dir=${file("etcd")}`,
      `--listen-client-urls=${etcd}`,
      `--advertise-client-urls=${etcd}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--unsafe-no-fsync",
      "--log-level=error",
    ]);
    const url = `https://127.0.0.1:${this.ports.apiServer}`;
    this.#spawn(Program.ApiServer, [
      `--etcd-servers=${etcd}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${this.ports.apiServer}`,
      `--cert-dir=${file("certificates")}`,
      `--token-auth-file=${file("tokens.csv")}`,
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${file("service-account.pub")}`,
      `--service-account-signing-key-file=${file("service-account.key")}`,
      "--service-cluster-ip-range=10.0.0.0/16",
      "--authorization-mode=RBAC",
      "--allow-privileged=true",
      "--endpoint-reconciler-type=none",
      // hundreds of clients at once are not what is tested
      "--enable-priority-and-fairness=false",
    ]);
    await this.until("the API server makes its certificate", async () => ({
      done: existsSync(file("certificates/apiserver.crt")),
      seen: "no certificate",
    }));
    this.#api = new KubeApi(url, this.ca, token);
    await this.until("the API server is ready", () => this.#readiness());
    this.#writeKubeconfig(url, token);
    const kubeconfig = `--kubeconfig=${this.kubeconfig}`;
    this.#spawn(Program.ControllerManager, [
      kubeconfig,
      `--service-account-private-key-file=${file("service-account.key")}`,
      `--root-ca-file=${file("certificates/apiserver.crt")}`,
      `--controllers=${["*", ...without.map((name) => `-${name}`)].join(",")}`,
      "--leader-elect=false",
      "--secure-port=0",
      // Of the node's lifecycle only the lease counts here, which kwok renews.
      "--node-monitor-grace-period=300s",
    ]);
    this.#spawn(Program.Scheduler, [kubeconfig, "--leader-elect=false", "--secure-port=0"]);
    this.#spawn(Program.Kwok, [
      kubeconfig,
      "--manage-all-nodes=true",
      "--node-lease-duration-seconds=40",
      `--config=${join(__dirname, "stages.yaml")}`,
    ]);
    await this.until("the controller manager makes ServiceAccounts", async () => {
      const seen = await this.api.list("v1", "ServiceAccount", "default");
      return { done: seen.length > 0, seen: seen.length };
    });
  }

  async #readiness(): Promise<{ done: boolean; seen: string }> {
    try {
      await this.api.call("GET", "/readyz");
      return { done: true, seen: "ready" };
    } catch (error) {
      const refused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
      if (refused || error instanceof Refusal) {
        return { done: false, seen: String(error) };
      }
      throw error;
    }
  }

  /** Certificate of who signed the API server's. */
  get ca(): string {
    return readFileSync(join(this.folder, "certificates/apiserver.crt"), "utf8");
  }

  #writeKubeconfig(url: string, token: string): void {
    const ca = Buffer.from(this.ca).toString("base64");
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: { server: url, "certificate-authority-data": ca } }],
      users: [{ name: "admin", user: { token } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      "current-context": "test",
    };
    this.#write("kubeconfig", JSON.stringify(config));
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text, { mode: 0o600 });
  }

  #spawn(program: Program, args: string[]): void {
    const log = join(this.folder, `${program}.log`);
    const output = openSync(log, "a");
    // The kernel ends it with this process, however that ends.
    const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", this.programs[program], ...args], {
      stdio: ["ignore", output, output],
      env: {
        ...this.bed.environment,
        PATH: process.env.PATH,
        HOME: this.folder,
        GOGC: "200",
      },
    });
    closeSync(output);
    this.#children.push({ name: program, child, log });
  }

  #failOnDeath(): void {
    for (const { name, child, log } of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) {
        const how = child.exitCode ?? child.signalCode;
        throw new Error(`${name} ended (${how})${lastLines(log)}`);
      }
    }
  }

  async #stopProcesses(): Promise<void> {
    this.#api?.close();
    // Those that write to the API server first, etcd last.
    for (const { child } of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) {
        continue;
      }
      const ended = new Promise((settle) => child.once("exit", settle));
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopGraceMs);
      await ended;
      clearTimeout(timer);
    }
    this.#children.length = 0;
  }
}

/**
 * Runs `use` against a cluster that has the upstreams' CRDs, and ends it whatever happens. The
 * first run builds the programs (about a quarter of an hour on two cores) and applies the CRDs;
 * later runs start from a copy of that state in seconds.
 */
export async function withCluster<T>(use: (cluster: TestCluster) => Promise<T>): Promise<T> {
  const cluster = await startCluster();
  try {
    return await use(cluster);
  } finally {
    await cluster.stop();
  }
}

/**
 * Starts what {@link withCluster} hands out; the caller stops it.
 *
 * @param without controllers of the controller manager that don't run, by their names
 */
export async function startCluster(without: string[] = []): Promise<TestCluster> {
  const programs = await buildControlPlane(root, (text) => console.log(`    ${text}`));
  return TestCluster.start(programs, await snapshotWithCrds(programs), without);
}

async function snapshotWithCrds(programs: Programs): Promise<string> {
  const crds = await readCrds();
  const key = createHash("sha256")
    .update(programs[Program.Etcd])
    .update(programs[Program.ApiServer])
    .update(JSON.stringify(crds))
    .digest("hex")
    .slice(0, 12);
  const snapshot = join(root, ".cache", "cluster", key);
  if (existsSync(snapshot)) {
    return snapshot;
  }
  const cluster = await TestCluster.start(programs);
  try {
    console.log(`    applying ${crds.length} CRDs, once`);
    for (const crd of crds) {
      await cluster.api.apply(crd);
    }
    await cluster.until("every CRD is established", async () => {
      const all = await cluster.api.list("apiextensions.k8s.io/v1", "CustomResourceDefinition");
      const waiting = all.filter((crd) => !isEstablished(crd)).map(({ metadata }) => metadata.name);
      return { done: all.length === crds.length && waiting.length === 0, seen: waiting };
    });
    await cluster.stopInto(snapshot);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return snapshot;
}

const isEstablished = ({ status }: KubeObject) =>
  (status?.conditions ?? []).some(
    ({ type, status: is }: { type: string; status: string }) =>
      type === "Established" && is === "True",
  );

/** Free ports on loopback, all held at once so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((settle, reject) => {
          const server = createServer();
          server.once("error", reject);
          server.listen({ port: 0, host: "127.0.0.1" }, () => settle(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
