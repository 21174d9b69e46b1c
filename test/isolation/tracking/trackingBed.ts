import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { provisioningVariables, trackingVariables } from "@mlplatform/contracts/environment";
import { serviceAccounts } from "@mlplatform/contracts/platformNames";
import {
  authConfigVariable,
  trackingAdministrator,
  trackingAuthentication,
  trackingServerSecrets,
} from "@mlplatform/contracts/trackingServer";
import {
  type PeopleSignIn,
  signInFileVariable,
  type TrackingSignIn,
  type WorkspaceGroups,
} from "@mlplatform/contracts/trackingSignIn";
import { S3Client } from "@aws-sdk/client-s3";
import { PythonEnvironment } from "../../../local/programs/pythonEnvironment";
import { findInstalledPostgres } from "../../../local/services/postgres";
import { previewStack } from "../../../preview/engine/previewStack";
import type { PreviewResource } from "../../../preview/engine/programRun";
import { freePorts } from "../../../workloads/lake/testbed/freePorts";
import type { TestStore } from "../../../workloads/lake/testbed/objectStores";
import { deployable } from "../../preview/deployable";
import { BackupServer } from "../../stores/backupServer";
import { ended, provision } from "../../stores/provisioned";
import { podClaims, TokenIssuer } from "./tokenIssuer";

const root = resolve(__dirname, "../../..");
/** Runs a program with a pod's token in another file than pods have. */
const podProgram = join(__dirname, "asPod.py");
const startTimeoutMs = 240_000;
/** Access key of the server, by the name of its access in the program. */
const serverConsumer = "mlflow-artifacts";

/** The projects of a bed: `churn` attacks, `pricing` is attacked. */
export const projects = ["churn", "pricing"] as const;

/** Who calls, with the workspace that the call names. Without user and token it is anonymous. */
export interface Caller {
  username?: string;
  /** A token of the cluster's issuer, or of people's. */
  token?: (issuers: TokenIssuers) => string;
  workspace?: string;
  /** A list is sent as so many headers of the name. */
  headers?: Record<string, string | string[]>;
}

/** Whose tokens the server believes. */
export interface TokenIssuers {
  cluster: TokenIssuer;
  people: TokenIssuer;
}

/** An answer of MLflow. */
export interface Answer {
  status: number;
  text: string;
}

/** A call of MLflow's REST API. */
export interface Call {
  method: string;
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  /** Sent as it is, instead of `body`. */
  raw?: string;
}

/**
 * MLflow as a stack runs it, on a real store and PostgreSQL: arguments and environment of the
 * server, the grant of its key and the provisioning of projects are the program's own.
 */
export class TrackingBed {
  private readonly passwords = new Map<string, string>();
  private readonly administratorPassword = newSecret();
  private readonly serverKey = newSecret();
  /** Reads the server's metrics. */
  readonly metricsToken = newSecret();
  private readonly directory = mkdtempSync(join(tmpdir(), "mlplatform-isolation-"));
  private database: BackupServer | undefined;
  private server: ChildProcess | undefined;
  private port = 0;
  private serverEnvironment: NodeJS.ProcessEnv = {};
  /** The table of people's groups. A change is in effect after {@link restart}. */
  people = peopleSettings();

  private constructor(
    private readonly store: TestStore,
    private readonly python: PythonEnvironment,
    private readonly packages: string,
    private readonly resources: PreviewResource[],
    /** Of tokens. */
    readonly issuers: TokenIssuers,
  ) {}

  /** Starts everything and provisions the projects. */
  static async start(startStore: () => Promise<TestStore>, kind: string): Promise<TrackingBed> {
    const bed = await TrackingBed.prepare(startStore, kind);
    return bed.orStop(async () => {
      await bed.startServer(serverNow);
      await bed.provisionProjects();
    });
  }

  /** Starts the server as it was before projects had workspaces, with the projects' users. */
  static async startBeforeWorkspaces(
    startStore: () => Promise<TestStore>,
    kind: string,
  ): Promise<TrackingBed> {
    const bed = await TrackingBed.prepare(startStore, kind);
    return bed.orStop(async () => {
      await bed.startServer(serverBefore);
      for (const project of projects) {
        await bed.addUser(project);
      }
    });
  }

  /** Starts the server anew as it is now, and provisions the projects. */
  async upgrade(): Promise<void> {
    await this.stopServer();
    await this.startServer(serverNow);
    await this.provisionProjects();
  }

  /** Moves what a project made before workspaces into its own; returns what is printed. */
  adopt(project: string, ...flags: string[]): Promise<string> {
    const artifacts = ["--artifacts", "s3://lake/artifacts"];
    const args = ["-m", "mlplatform.adopt", project, ...artifacts, ...flags];
    return ended(this.python.python, args, this.serverEnvironment);
  }

  /** Runs a Python program in the server's environment; returns what it prints. */
  runAsServer(script: string): Promise<string> {
    return ended(this.python.python, [script], this.serverEnvironment);
  }

  /** Ends the server and starts it as it is now. */
  async restart(): Promise<void> {
    await this.stopServer();
    await this.startServer(serverNow);
  }

  private async provisionProjects(): Promise<void> {
    for (const project of projects) {
      await this.provisionProject(project);
    }
  }

  private async orStop(work: () => Promise<void>): Promise<this> {
    try {
      await work();
      return this;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** A store with the server's key, and empty databases. */
  private static async prepare(
    startStore: () => Promise<TestStore>,
    kind: string,
  ): Promise<TrackingBed> {
    const stateRoot = join(root, ".mlplatform");
    const say = (text: string) => console.log(`      python: ${text}`);
    const requirements = join(root, "local", "python", "requirements.txt");
    const python = await PythonEnvironment.prepare(stateRoot, requirements, say);
    const settings = { owner: "me", cpuQuota: 8, memoryQuotaGiB: 16 };
    const { result } = await previewStack({
      projectDir: root,
      stack: "local",
      mode: "up",
      config: deployable("local", {
        dataLake: { kind, storageGiB: 20 },
        projects: projects.map((name) => ({ name, ...settings })),
      }),
    });
    const store = await startStore();
    const packages = await python.packages(stateRoot, join(root, exporterFile));
    const issuers = { cluster: await TokenIssuer.start(), people: await TokenIssuer.start() };
    const bed = new TrackingBed(store, python, packages, result.resources, issuers);
    return bed.orStop(async () => {
      chmodSync(bed.directory, 0o755);
      await provision(
        store,
        result.resources,
        { job: `${serverConsumer}-provisioning`, files: `${serverConsumer}-policy` },
        { CONSUMER_SECRET_KEY: bed.serverKey },
      );
      await bed.startDatabase();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What the server wrote. */
  get log(): string {
    return readFileSync(join(this.directory, "server.log"), "utf8");
  }

  /** The bucket with the key of the store's administrator, or with the server's. */
  s3(whose: "administrator" | "server"): S3Client {
    const { endpoint, region, credentials } = this.store.options;
    const serverKey = { accessKeyId: serverConsumer, secretAccessKey: this.serverKey };
    return new S3Client({
      endpoint,
      region,
      credentials: whose === "server" ? serverKey : credentials,
      forcePathStyle: true,
      maxAttempts: 1,
    });
  }

  /** Calls MLflow. */
  call(caller: Caller, { method, path, query, body, raw }: Call): Promise<Answer> {
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    const headers: Record<string, string | string[]> = { ...caller.headers };
    if (caller.username !== undefined) {
      headers["authorization"] = this.authorization(caller.username);
    }
    if (caller.token !== undefined) {
      headers["authorization"] = `Bearer ${caller.token(this.issuers)}`;
    }
    if (caller.workspace !== undefined) {
      headers["x-mlflow-workspace"] = caller.workspace;
    }
    const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    if (body !== undefined) {
      headers["content-type"] = "application/json";
    }
    return new Promise((settle, reject) => {
      // Not by `fetch`, which writes a path as it should be: an attack's is sent as it is.
      const options = { host: "127.0.0.1", port: this.port, method, headers, path: path + search };
      const sent = request(options, (answer) => {
        let received = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (received += chunk));
        answer.on("end", () => settle({ status: answer.statusCode ?? 0, text: received }));
        answer.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(text);
    });
  }

  /** Calls as the administrator; anything but success is an error. */
  async administer(call: Call, workspace?: string): Promise<any> {
    const answer = await this.call({ username: trackingAdministrator, workspace }, call);
    if (answer.status >= 300) {
      throw new Error(`${call.method} ${call.path}: ${answer.status} ${answer.text}`);
    }
    return answer.text === "" ? {} : JSON.parse(answer.text);
  }

  authorization(username: string): string {
    const password = this.passwordOf(username);
    return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  }

  /** Makes a user who is in no role. */
  async addUser(username: string): Promise<void> {
    const password = this.passwordOf(username);
    const path = "/api/2.0/mlflow/users/create";
    await this.administer({ method: "POST", path, body: { username, password } });
  }

  /** Puts a user into a role of a workspace. */
  async assign(username: string, workspace: string, role: string): Promise<void> {
    const path = "/api/3.0/mlflow/roles";
    const query = { workspace };
    const { roles } = await this.administer({ method: "GET", path: `${path}/list`, query });
    const { id } = (roles as { id: number; name: string }[]).find(({ name }) => name === role)!;
    const body = { username, role_id: id };
    await this.administer({ method: "POST", path: `${path}/assign`, body });
  }

  /** Runs the container of a project's provisioning Job; returns what it prints. */
  provisionProject(project: string, change: Record<string, string> = {}): Promise<string> {
    const [container] = this.inputsOf("Job", `${project}-mlflow-user`).spec.template.spec
      .containers;
    const [, script] = container.command as [string, string];
    const plain = (container.env as { name: string; value?: string }[]).flatMap(
      ({ name, value }) => (value === undefined ? [] : [[name, value] as const]),
    );
    const file = join(this.directory, "provisionTracking.py");
    const text = this.inputsOf("ConfigMap", `${project}-mlflow-provision`).data;
    writeFileSync(file, text[script.replace("/scripts/", "")]);
    return ended(this.python.python, [file], {
      ...Object.fromEntries(plain),
      [trackingVariables.uri]: this.url,
      [provisioningVariables.adminUsername]: trackingAdministrator,
      [provisioningVariables.adminPassword]: this.administratorPassword,
      [provisioningVariables.projectPassword]: this.passwordOf(project),
      ...change,
    });
  }

  /** Runs a Python program as a project's user, by its password; returns what it prints. */
  runAsProject(
    project: string,
    script: string,
    { isInWorkspace } = { isInWorkspace: true },
  ): Promise<string> {
    return this.runProgram(project, [script], {
      ...(isInWorkspace && { [trackingVariables.workspace]: project }),
      [trackingVariables.username]: project,
      [trackingVariables.password]: this.passwordOf(project),
    });
  }

  /** Runs a Python program as a project's pod, by the token of its service account. */
  runAsPod(project: string, script: string): Promise<string> {
    const file = join(this.directory, "pod-token");
    const token = this.issuers.cluster.token(podClaims(project, serviceAccounts.training));
    writeFileSync(file, token, { mode: 0o600 });
    return this.runProgram(project, [podProgram, file, script], {
      [trackingVariables.workspace]: project,
      [trackingVariables.authentication]: "kubernetes",
    });
  }

  private runProgram(
    project: string,
    args: string[],
    environment: Record<string, string>,
  ): Promise<string> {
    return ended(this.python.python, args, {
      PATH: [dirname(this.python.python), process.env["PATH"]].join(delimiter),
      HOME: this.directory,
      PROJECT: project,
      [trackingVariables.uri]: this.url,
      MLFLOW_DISABLE_TELEMETRY: "true",
      GIT_PYTHON_REFRESH: "quiet",
      ...environment,
    });
  }

  async stop(): Promise<void> {
    await this.stopServer();
    await this.database?.stop();
    await this.store.stop();
    this.issuers.cluster.stop();
    this.issuers.people.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async stopServer(): Promise<void> {
    const { server } = this;
    if (server?.pid !== undefined && server.exitCode === null && server.signalCode === null) {
      const exit = new Promise((settle) => server.once("exit", settle));
      process.kill(-server.pid, "SIGKILL");
      await exit;
    }
  }

  private passwordOf(username: string): string {
    if (username === trackingAdministrator) {
      return this.administratorPassword;
    }
    const known = this.passwords.get(username) ?? newSecret();
    this.passwords.set(username, known);
    return known;
  }

  private async startDatabase(): Promise<void> {
    const [port] = await freePorts(1);
    this.database = new BackupServer(
      findInstalledPostgres()!,
      join(this.directory, "postgres"),
      port!,
    );
    await this.database.init();
    await this.database.start();
    await ended(this.python.python, ["-c", makeDatabases], { ...this.database.environment });
  }

  /** Starts the container of the server's Deployment, with this machine's addresses. */
  private async startServer(version: ServerVersion): Promise<void> {
    [this.port] = (await freePorts(1)) as [number];
    const pod = this.inputsOf("Deployment", "mlflow-server").spec.template.spec;
    const [migration] = pod.initContainers;
    const [container] = pod.containers;
    const plain = (container.env as { name: string; value?: string }[]).flatMap(
      ({ name, value }) => (value === undefined ? [] : [[name, value] as const]),
    );
    const { PGPORT } = this.database!.environment;
    const uriOf = (name: string) => `postgresql+psycopg://postgres@127.0.0.1:${PGPORT}/${name}`;
    const authentication = join(this.directory, "auth.ini");
    const users = trackingAuthentication(uriOf("mlflow_auth"), this.administratorPassword);
    writeFileSync(authentication, version.users(users), { mode: 0o600 });
    const env = {
      ...version.environment(Object.fromEntries(plain)),
      [signInFileVariable]: this.writeSignIn(),
      PATH: [dirname(this.python.python), process.env["PATH"]].join(delimiter),
      PYTHONPATH: [join(root, "workloads", "mlflow"), this.packages].join(delimiter),
      HOME: this.directory,
      TMPDIR: this.directory,
      MLFLOW_DISABLE_TELEMETRY: "true",
      MLFLOW_S3_ENDPOINT_URL: this.store.options.endpoint,
      AWS_ACCESS_KEY_ID: serverConsumer,
      AWS_SECRET_ACCESS_KEY: this.serverKey,
      [authConfigVariable]: authentication,
      [trackingServerSecrets.trackingDatabase]: uriOf("mlflow"),
      [trackingServerSecrets.usersDatabase]: uriOf("mlflow_auth"),
      [trackingServerSecrets.sessionKey]: newSecret(),
      [trackingServerSecrets.gatewayPassphrase]: newSecret(),
      [trackingServerSecrets.metricsToken]: this.metricsToken,
    };
    this.serverEnvironment = env;
    await ended(this.python.python, (migration.command as string[]).slice(1), env);
    const here: Record<string, string> = {
      host: "127.0.0.1",
      port: String(this.port),
      "expose-prometheus": join(this.directory, "metrics"),
    };
    const args = version.args(container.args as string[]).map((argument) => {
      const [, name] = /^--([\w-]+)=/.exec(argument) ?? [];
      return name !== undefined && name in here ? `--${name}=${here[name]}` : argument;
    });
    const sink = openSync(join(this.directory, "server.log"), "a");
    const server = spawn(this.python.program("mlflow"), args, {
      env,
      cwd: this.directory,
      // Its workers end with it: a group of their own.
      detached: true,
      stdio: ["ignore", sink, sink],
    });
    closeSync(sink);
    this.server = server;
    const until = Date.now() + startTimeoutMs;
    while (
      !(await fetch(`${this.url}/health`).then(
        (answer) => answer.ok,
        () => false,
      ))
    ) {
      if (server.exitCode !== null || Date.now() > until) {
        throw new Error(`MLflow didn't start: ${this.log.slice(-3000)}`);
      }
      await sleep(200);
    }
  }

  /** Writes whose tokens the server believes, with this machine's addresses; returns the file. */
  private writeSignIn(): string {
    const { cluster, people } = this.issuers;
    const own = join(this.directory, "cluster-token");
    const token = cluster.token({ aud: "https://kubernetes.default.svc" });
    writeFileSync(own, token, { mode: 0o600 });
    cluster.requiredToken = token;
    const { "sign-in.json": text } = this.inputsOf("ConfigMap", "mlflow-sign-in").data;
    const { pods } = JSON.parse(text) as Required<TrackingSignIn>;
    const here = { jwksUri: cluster.jwksUri, tokenFile: own, caFile: undefined };
    const settings: TrackingSignIn = {
      pods: { ...pods, ...here },
      people: { issuer: people.name, jwksUri: people.jwksUri, ...this.people },
    };
    const file = join(this.directory, "sign-in.json");
    writeFileSync(file, JSON.stringify(settings));
    return file;
  }

  private inputsOf(kind: string, name: string): any {
    const found = this.resources.filter(
      (resource) => resource.name === name && resource.inputs["kind"] === kind,
    );
    if (found.length !== 1) {
      throw new Error(`${found.length} resources are a ${kind} named ${name}`);
    }
    return found[0]!.inputs;
  }
}

function peopleSettings(): Omit<PeopleSignIn, "issuer" | "jwksUri"> {
  const groups = (project: string): WorkspaceGroups => ({
    viewers: [`${project}-viewers`],
    approvers: [`${project}-approvers`],
    members: [`${project}-members`],
    administrators: [`${project}-administrators`],
  });
  return {
    audiences: ["mlflow-page"],
    groupsClaim: "groups",
    administrators: ["platform"],
    projects: Object.fromEntries(projects.map((project) => [project, groups(project)])),
  };
}

/** How a version of the platform starts MLflow, made from how this one does. */
interface ServerVersion {
  args(args: string[]): string[];
  environment(env: Record<string, string>): Record<string, string>;
  /** Text of `auth.ini`. */
  users(text: string): string;
}

const serverNow: ServerVersion = {
  args: (args) => args,
  environment: (env) => env,
  users: (text) => text,
};

/** Before workspaces: MLflow's own authentication, and sources of any form. */
const serverBefore: ServerVersion = {
  args: (args) => args.filter((argument) => argument !== "--enable-workspaces"),
  environment: (env) =>
    Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith("_REGEX"))),
  users: (text) =>
    text.replace(
      /^authorization_function = .*$/m,
      "authorization_function = mlflow.server.auth:authenticate_request_basic_auth",
    ),
};

const exporterFile = join("local", "python", "exporter.txt");

const makeDatabases = `
import psycopg
with psycopg.connect(dbname="postgres", autocommit=True) as connection:
    for name in ("mlflow", "mlflow_auth"):
        connection.execute(f"CREATE DATABASE {name}")
`;

function newSecret(): string {
  return randomBytes(20).toString("hex");
}
